"""The items that a head is trained on: read once where memory holds them, else batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.features.check import bad_rows
from vrbench.features.tokens import FRAME_LEVEL
from vrbench.heads import HeadSpec
from vrbench.heads.applied import map_side
from vrbench.heads.base import Side
from vrbench.runtime.memory import spare
from vrbench.runtime.seeds import seeded
from vrbench.sequences.engine.grouping import Grouping, group_tokens

if TYPE_CHECKING:
    from torch import Tensor

Index = NDArray[np.int64]

LEAST = 2
"""Videos with a text, of training and of validation: one alone has no negative."""


@dataclass(frozen=True, eq=False)
class TrainingItems:
    """Texts and videos, and which of them train.

    Attributes:
        text: all texts.
        video: all videos.
        owner: (n_text,) row of each text's video.
        trained: rows of the videos that train.
        held: rows of the videos that validate.
        patches: whether the videos' patches are kept beside their frames.
    """

    text: Tokens
    video: Tokens
    owner: Index
    trained: Index
    held: Index
    patches: bool = False

    @classmethod
    def of(
        cls,
        features: Features,
        validation: float,
        seed: int,
        *,
        sequences: bool = False,
        patches: bool = False,
    ) -> TrainingItems:
        """Split the videos that have a text, and read what memory holds.

        Args:
            features: the training features.
            validation: share that validates.
            seed: of the split.
            sequences: videos are clips, and all of a long video go to the same part.
            patches: whether the method reads patches.

        Raises:
            InputError: a part has too few videos, or an item cannot be read or is malformed; or
                clips have no sequence.
        """
        described = np.unique(features.text_video)
        part = long_videos(features.video).item[described] if sequences else described
        parts = np.unique(part)
        held = round(validation * len(parts))
        if len(parts) - held < LEAST or (validation > 0 and held < LEAST):
            raise InputError(
                f"{features.path} has {len(parts)} {'long ' if sequences else ''}videos with a "
                f"text, of which a share of {validation:g} validates: each part needs at least "
                f"{LEAST}."
            )
        order = seeded(seed).permutation(parts)
        return cls(
            _loaded(features.text, patches=False),
            _loaded(features.video, patches=patches),
            features.text_video,
            described[np.isin(part, order[held:])],
            described[np.isin(part, order[:held])],
            patches,
        )

    def behind(
        self, spec: HeadSpec, weights: Mapping[str, Tensor]
    ) -> tuple[TrainingItems, HeadSpec]:
        """Return the items as the first heads give them that are not trained, and the other heads.

        Args:
            spec: all heads, in order.
            weights: of them, on the CPU.
        """
        fixed = dict(takewhile(lambda named: not named[1].trained, spec.parts.items()))
        rest = {name: part for name, part in spec.parts.items() if name not in fixed}

        def mapped(side: Side, items: Tokens) -> Tokens:
            return map_side(HeadSpec(fixed), weights, side, items)

        text, video = mapped("text", self.text), mapped("video", self.video)
        return replace(self, text=text, video=video), HeadSpec(rest)

    def texts_of(self, videos: Index) -> Index:
        """Return the rows of the texts of these videos."""
        return np.flatnonzero(np.isin(self.owner, videos))

    def pairs(self, texts: Index) -> tuple[Tokens, Tokens]:
        """Return texts, and the video of each, in memory: frames only unless patches are read."""
        video = self.video.take(self.owner[texts])
        return _frames(self.text.take(texts)), video if self.patches else _frames(video)

    def batches(self, epoch: int, size: int, seed: int) -> Iterator[Index]:
        """Yield the texts of each batch of an epoch: distinct videos, with one text each.

        An epoch passes over every training text once. Its batches are as equal as can be, at most
        ``size``; there are as many as the video with the most texts has, or more. Where such a
        video would be alone in some, as many of its texts as that are left out of the epoch, others
        in each. In a batch the texts stand in order of length, as an alignment reads them.
        """
        rng = np.random.default_rng([seed, epoch])
        texts, most = self._drawn(rng)
        count = max(min(-(-len(texts) // size), len(texts) // LEAST), most)
        texts = texts[: count * size]  # batches of two leave one of an odd number out
        for batch in _dealt(texts, self.owner[texts], count, rng):
            yield batch[np.argsort(self.text.lengths[batch], kind="stable")]

    def _drawn(self, rng: np.random.Generator) -> tuple[Index, int]:
        """Return the texts of an epoch, in random order but each video's together.

        Also how many the video with the most has: no more than leaves each two videos in a batch.
        """
        texts = rng.permutation(self.texts_of(self.trained))
        place = rng.permutation(len(self.video))[self.owner[texts]]
        texts = texts[np.argsort(place, kind="stable")]
        owners = self.owner[texts]
        first = np.flatnonzero(np.diff(owners, prepend=-1))
        counts = np.diff(first, append=len(owners))
        nth = np.arange(len(owners)) - np.repeat(first, counts)
        most = int(counts.max())
        while LEAST * most > np.minimum(counts, most).sum():
            most -= 1
        return texts[nth < most], most


def _dealt(texts: Index, owners: Index, count: int, rng: np.random.Generator) -> Iterator[Index]:
    """Deal texts out to so many batches, one after the other, in a new random order each time.

    Args:
        texts: rows, each video's together, at most ``count`` a video.
        owners: row of each text's video.
        count: of batches.
        rng: draws the orders.
    """
    batch = np.empty(len(texts), np.int64)
    for start in range(0, len(texts), count):
        order = rng.permutation(count)
        # a video that began in the last round keeps away from the batches that it has
        last = batch[max(0, start - count) : start]
        same = owners[max(0, start - count) : start] == owners[start]
        taken = np.isin(order, last[same])
        order = np.concatenate([order[~taken], order[taken]])
        batch[start : start + count] = order[: len(texts) - start]
    dealt = np.argsort(batch, kind="stable")
    ends = np.cumsum(np.bincount(batch, minlength=count))[:-1]
    yield from np.split(texts[dealt], ends)


def long_videos(clips: Tokens) -> Grouping:
    """Return clips as long videos.

    Raises:
        InputError: they have no sequence or no place in it.
    """
    if "sequence" not in clips.item_columns:
        raise InputError(
            f"{clips.name} has no column sequence, which says what long video each clip belongs "
            "to: the loss video-paragraph needs it, import video_sequence and video_position."
        )
    return group_tokens(clips)


def _loaded(items: Tokens, *, patches: bool) -> Tokens:
    """Return items in memory where it holds them twice, else as they are; bad ones are refused."""
    marks = {k: v for k, v in items.token_columns.items() if k in ("level", "frame")[: 1 + patches]}
    items = replace(items, token_columns=marks)
    size = int(items.offsets[-1]) * items.dim * items.tokens.dtype.itemsize
    fits = spare(2 * size) == 2 * size
    if fits:
        items = items.block(0, len(items))
    for block in items.blocks():
        owner = np.repeat(block.ids, block.lengths)
        for problem in bad_rows(block.tokens, owner, block, "a token"):
            raise InputError(problem)
    return _frames(items) if fits and not patches else items


def _frames(items: Tokens) -> Tokens:
    return replace(items.at_level(FRAME_LEVEL), token_columns={})
