"""Batches of training: similarities with gradient, by the same reductions that score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method, alignments
from vrbench.alignments.base import Alignment, TokenAlignment, VectorAlignment
from vrbench.alignments.engine.items import Items, scaled
from vrbench.alignments.engine.traced import reduced, unit
from vrbench.errors import InputError
from vrbench.features.tokens import FRAME_LEVEL, PATCH_LEVEL, Tokens, offsets_of

if TYPE_CHECKING:
    from torch import Tensor


MARKS = ("level", "frame")
"""Names of the values that tell frames and patches apart."""


@dataclass(frozen=True, eq=False)
class Packed:
    """One side of a batch: torch tensors of one dtype (float32 or float64) on one device.

    Attributes:
        tokens: (sum l, d) as a head gave them, all items' tokens one after the other.
        lengths: (n,) number of tokens of each item, from 1.
        globals_: (n, d) one vector an item; None: made as in scoring, l2(mean(l2(tokens))), or
            where ``normalized=False`` the mean token as it is.
        weights: (sum l,) further values of each token by name, such as the weights of ``wti``;
            where tokens are frames and patches, ``level`` (0 and 1) and, if known, their ``frame``.
    """

    tokens: Tensor
    lengths: Sequence[int] | NDArray[Any]
    globals_: Tensor | None = None
    weights: Mapping[str, Tensor] = field(default_factory=dict)

    def at_level(self, level: int) -> Packed:
        """Return the tokens of one level (0 frame, 1 patch); all of them if none is marked."""
        marks = self.weights.get("level")
        if marks is None:
            return self
        keep = marks == level
        ends = np.cumsum(keep.cpu().numpy())
        lengths = np.diff(np.concatenate([[0], ends])[offsets_of(self.lengths)])
        rest = {k: w[keep] for k, w in self.weights.items() if k not in MARKS}
        return replace(self, tokens=self.tokens[keep], lengths=lengths, weights=rest)


def similarities(
    method: Method, text: Packed, video: Packed, *, normalized: bool = True
) -> tuple[Tensor, Tensor]:
    """Score every text of a batch against every video, with gradient.

    The numbers are those of ``vrbench.score``. The gradient is that of ``reduce``, by torch or
    compiled; the plans of ``emd`` and ``transport`` are constants of it. It cannot be
    differentiated twice.

    Args:
        method: the alignment, or weighted sum of alignments.
        text: n_text items.
        video: n_video items of the same width and dtype.
        normalized: scale tokens and globals to length 1 (cosines); False: dot products as they are.

    Returns:
        s^T and s^V, (n_text, n_video) each; the same tensor twice where the method is symmetric.

    Raises:
        InputError: shapes, dtypes or lengths do not fit together.
    """
    _check(text, video)
    texts, frames = (_items(side.at_level(FRAME_LEVEL), normalized) for side in (text, video))
    t2v: Any = 0
    v2t: Any = 0
    for weight, part in method.terms:
        with alignments.calling(part):
            videos = _read(part, video, frames)
            both = _pair(part, part.mapped("text", texts), part.mapped("video", videos))
        t2v, v2t = t2v + weight * both[0], v2t + weight * both[1]
    return t2v, (t2v if method.symmetric else v2t)


def vectors(side: Packed) -> Tensor:
    """(n, d) global vectors of length 1 of a batch's items, with gradient."""
    return _items(side.at_level(FRAME_LEVEL), normalized=True).global_vectors


def _read(part: Alignment, video: Packed, frames: _BatchItems) -> _BatchItems:
    """Return what an alignment reads of the videos, whose global vectors are of the frames."""
    if not part.reads_patches:
        return frames
    if "level" not in video.weights:
        raise InputError("The method reads patches, and the videos have none.")
    chosen = part.drawn(video) if part.level == "frame" else video.at_level(PATCH_LEVEL)
    items = _items(chosen, frames.stored.normalized and not part.unscaled)
    return replace(items, vectors=frames.global_vectors)


def _pair(part: Alignment, texts: Items, videos: Items) -> tuple[Tensor, Tensor]:
    assert isinstance(texts, _BatchItems)
    assert isinstance(videos, _BatchItems)
    if isinstance(part, VectorAlignment):
        value = part.vectors(texts) @ part.vectors(videos).mT
        return value, value
    if not isinstance(part, TokenAlignment):
        raise TypeError(f"{part} is no alignment of vectors or of tokens")
    both = texts.numbers.keys() & videos.numbers.keys()
    numbers = ({name: side.numbers[name] for name in both} for side in (texts, videos))
    return reduced(part, texts, videos, *numbers)


@dataclass(frozen=True)
class _BatchItems(Items):
    """Items with gradient; their vectors are not looked at, as a loss refuses what is not finite.

    Attributes:
        given: (n, d) global vectors, where a head gave them.
        numbers: (sum l,) further values of each token, by name.
    """

    given: Tensor | None = None
    numbers: Mapping[str, Tensor] = field(default_factory=dict)

    def values(self, name: str) -> Tensor | None:
        """(sum l,) a number of each token, where a head gave one under this name."""
        return self.numbers.get(name)

    @cached_property
    def _means(self) -> Tensor:
        """(n, d) mean token of each item, not scaled again; its gradient is an index."""
        import torch

        lengths = torch.as_tensor(np.diff(self.offsets), device=self.tokens.device)
        owner = torch.repeat_interleave(torch.arange(len(self), device=lengths.device), lengths)
        sums = self.tokens.new_zeros(len(self), self.tokens.shape[1])
        return sums.index_add(0, owner, self.tokens) / lengths[:, None]

    @property
    def of_means(self) -> bool:
        """Whether the global vectors are those of the mean tokens."""
        return super().of_means and self.given is None

    @cached_property
    def global_vectors(self) -> Tensor:
        """(n, d) the given vectors; without them those of the mean tokens."""
        if self.vectors is not None:
            return self.vectors
        vectors = self.means() if self.given is None else self.given
        return scaled(vectors, self.stored.normalized, self.tokens.dtype)


def _items(side: Packed, normalized: bool) -> _BatchItems:
    offsets = offsets_of(side.lengths)
    rows = unit(side.tokens) if normalized else side.tokens
    ids = np.arange(len(offsets) - 1).astype(str)
    stored = Tokens(ids, side.tokens.detach(), offsets, normalized=normalized)
    return _BatchItems(rows, offsets, stored, side.globals_, side.weights)


def _check(text: Packed, video: Packed) -> None:
    import torch

    for name, side in (("text", text), ("video", video)):
        lengths, shape = np.asarray(side.lengths), tuple(side.tokens.shape)
        if lengths.ndim != 1 or not len(lengths) or lengths.dtype.kind not in "iu":
            raise InputError(f"The {name} lengths must be a list of whole numbers, one an item.")
        if lengths.min() < 1 or len(shape) != 2 or lengths.sum() != shape[0]:
            raise InputError(
                f"The {name} tokens have shape {shape}, expected ({lengths.sum()}, d) for these "
                "lengths, each from 1."
            )
        wanted = (len(lengths), shape[1])
        if side.globals_ is not None and tuple(side.globals_.shape) != wanted:
            raise InputError(
                f"The {name} globals have shape {tuple(side.globals_.shape)}, expected {wanted}."
            )
    kinds = {tensor.dtype for side in (text, video) for tensor in (side.tokens, side.globals_)
             if tensor is not None}  # fmt: skip
    if len(kinds) > 1 or not kinds <= {torch.float32, torch.float64}:
        raise InputError(
            f"A batch is float32 or float64 on both sides, this one has {sorted(map(str, kinds))}."
        )
    if text.tokens.shape[1] != video.tokens.shape[1]:
        raise InputError(
            f"Text tokens have width {text.tokens.shape[1]} and video tokens "
            f"{video.tokens.shape[1]}: a head has to bring them into one space."
        )
