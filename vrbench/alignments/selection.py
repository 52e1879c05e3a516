"""The patch level of UCoFiA: the tokens that it reads of a video, and their attention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.base import Side
from vrbench.alignments.both_ways import BothWays
from vrbench.alignments.frames import Frames, Index
from vrbench.alignments.perturbed import perturbed_top
from vrbench.alignments.saliency import Saliency, top
from vrbench.errors import InputError
from vrbench.features.check import bad_rows
from vrbench.features.selected import select
from vrbench.features.tokens import FRAME_LEVEL, PATCH_LEVEL, Tokens, offsets_of

if TYPE_CHECKING:
    from torch import Tensor, dtype

    from vrbench.alignments.engine.batch import Packed

VALUES = 500_000
"""Numbers of the tokens that are looked at at once."""


@dataclass(frozen=True, eq=False)
class SelectedPatches(BothWays):
    """Attention both ways between words and the patches that are kept of each frame.

    Attributes:
        saliency: scores the patches; None: all are kept.
        k: patches that are kept of each frame, or all where it has fewer.
        frames_too: whether each frame's own token stands before its patches.
        unscaled: whether patches are read as they are stored.
        step: seed and number of the step of training: patches are then drawn; None: they are not.
    """

    saliency: Saliency | None = None
    k: int = 3
    frames_too: bool = False
    unscaled: bool = False
    step: tuple[int, int] | None = None

    @property
    def reads_patches(self) -> bool:
        """It does."""
        return True

    def chosen(self, side: Side, tokens: Tokens, kind: dtype) -> Tokens:
        """Return the patches of the videos that are kept, in a file still where it is one."""
        if side == "text":
            return tokens
        _check(tokens)
        columns = tokens.token_columns
        marks = {key: np.asarray(columns[key]) for key in ("level", "frame") if key in columns}
        rows: list[Index] = []
        lengths: list[Index] = []
        start = 0
        marked = replace(tokens, token_columns=marks)
        # without a network, the marks say everything: no token is read
        for block in [marked] if self.saliency is None else marked.blocks(VALUES):
            kept, counts = self._kept(block, kind)
            rows.append(start + kept)
            lengths.append(counts)
            start += int(block.offsets[-1])
        return replace(
            tokens,
            tokens=select(tokens.tokens, np.concatenate(rows)),
            offsets=offsets_of(np.concatenate(lengths)),
            token_columns={},
        )

    def _kept(self, block: Tokens, kind: dtype) -> tuple[Index, Index]:
        """Return the rows that are kept of some videos, and how many of each video."""
        import torch

        level = block.token_columns["level"]
        if self.saliency is None and not self.frames_too:
            video = np.repeat(np.arange(len(block)), block.lengths)
            rows = np.flatnonzero(level == PATCH_LEVEL)
            return rows, np.bincount(video[rows], minlength=len(block))
        frames = Frames.of(level, block.lengths, block.token_columns.get("frame"), block.name)
        scores = np.zeros(len(frames.patch))
        if self.saliency is not None:
            owner = np.repeat(np.arange(len(block)), block.lengths)
            for problem in bad_rows(block.tokens, block.ids[owner], block, "a token"):
                raise InputError(problem)
            with torch.no_grad():
                found = self._logits(torch.as_tensor(block.tokens).to(kind), frames)
            scores = found.double().numpy()
        kept = self._best(scores, frames)
        order, of = self._in_order(frames, frames.frame[kept])
        rows = frames.patch[kept]
        if self.frames_too:
            rows = np.concatenate([frames.token, rows])
        return rows[order], np.bincount(frames.video[of], minlength=len(block))

    def _logits(self, tokens: Tensor, frames: Frames) -> Tensor:
        assert self.saliency is not None
        rows, own = tokens[frames.patch], tokens[frames.token]
        return self.saliency.logits(rows, own, frames.frame, frames.video)

    def _best(self, scores: NDArray[Any], frames: Frames) -> Index:
        """(kept,) which of the patches are kept, in their order."""
        if self.saliency is None:
            return np.arange(len(scores))
        best = [
            np.take_along_axis(rows, top(scores[rows], self.k), 1) for _, rows in _equal(frames)
        ]
        return np.sort(np.concatenate([rows.ravel() for rows in best]))

    def _in_order(self, frames: Frames, of: Index) -> tuple[Index, Index]:
        """Return the order of what is kept, frames' own tokens first, and which frame each is of.

        Args:
            frames: all.
            of: (kept,) the frame of each kept patch.
        """
        every = np.concatenate([np.arange(len(frames.token)), of]) if self.frames_too else of
        order = np.argsort(every, kind="stable")
        return order, every[order]

    def drawn(self, batch: Packed) -> Packed:
        """Return the patches that are kept of the videos of a batch, with gradient."""
        import torch

        if "level" not in batch.weights:
            raise InputError("The videos have no patches, which the method reads.")
        lengths = np.asarray(batch.lengths)
        level, numbers = (batch.weights.get(name) for name in ("level", "frame"))
        assert level is not None
        frames = Frames.of(
            level.cpu().numpy(),
            lengths,
            None if numbers is None else numbers.cpu().numpy(),
            "The video side",
        )
        rows, of = self._patches(batch.tokens, frames)
        if self.frames_too:
            rows = torch.cat([batch.tokens[frames.token], rows])
        order, of = self._in_order(frames, of)
        counts = np.bincount(frames.video[of], minlength=len(lengths))
        return replace(batch, tokens=rows[order], lengths=counts, weights={})

    def _patches(self, tokens: Tensor, frames: Frames) -> tuple[Tensor, Index]:
        """Return what is kept, (kept, d), and which frame each is of."""
        import torch

        if self.saliency is None:
            return tokens[frames.patch], frames.frame
        logits, patches = self._logits(tokens, frames), tokens[frames.patch]
        if self.step is None:
            kept = self._best(logits.detach().cpu().numpy(), frames)
            return patches[kept], frames.frame[kept]
        found, of = [], []
        for here, rows in _equal(frames):
            seed = np.random.SeedSequence([*self.step, rows.shape[1]]).generate_state(1)[0]
            k = min(self.k, rows.shape[1])
            shares = perturbed_top(logits[rows].tanh(), k, int(seed))
            found.append((shares @ patches[rows]).flatten(0, 1))
            of.append(np.repeat(here, k))
        return torch.cat(found), np.concatenate(of)


def _equal(frames: Frames) -> Iterator[tuple[Index, NDArray[np.int64]]]:
    """Yield frames of equally many patches, (n,), and the places of these, (n, l)."""
    counts = frames.counts()
    starts = offsets_of(counts)[:-1]
    for count in np.unique(counts[counts > 0]):
        here = np.flatnonzero(counts == count)
        yield here, starts[here][:, None] + np.arange(count)


def _check(tokens: Tokens) -> None:
    """Refuse videos without patches.

    Raises:
        InputError: there are such.
    """
    marked = "level" in tokens.token_columns
    if not marked or any(tokens.level_problems(PATCH_LEVEL)):
        raise InputError(
            f"{tokens.name} has no patches for every item, which the level patch of ucofia reads: "
            "extract it with clip:tokens=patches, import video_level with a 1 for each patch, or "
            "leave the level out (ucofia:levels=video+frame)."
        )
    for problem in tokens.level_problems(FRAME_LEVEL):
        raise InputError(problem)
