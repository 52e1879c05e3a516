"""Grouping items into sequences: the paragraphs and long videos of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.tokens import Tokens
from vrbench.sims.truth import Truth


@dataclass(frozen=True, eq=False)
class Grouping:
    """Items of one side as sequences.

    Attributes:
        ids: (s,) names of the sequences, in order of first occurrence.
        order: (n,) rows of the items, sequence after sequence, each in its order.
        lengths: (s,) items of each sequence, at least one.
        item: (n,) which sequence each row belongs to.
    """

    ids: NDArray[Any]
    order: NDArray[np.int64]
    lengths: NDArray[np.int64]
    item: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def chunks(self, items: int) -> Iterator[Grouping]:
        """Yield runs of whole sequences of at most so many items, or of one sequence."""
        ends = np.cumsum(self.lengths)
        start = 0
        while start < len(self):
            room = (ends[start - 1] if start else 0) + items
            stop = max(int(np.searchsorted(ends, room, side="right")), start + 1)
            rows = slice(ends[start] - self.lengths[start], ends[stop - 1])
            ids, lengths = self.ids[start:stop], self.lengths[start:stop]
            yield Grouping(ids, self.order[rows], lengths, self.item)
            start = stop


def grouping(
    names: NDArray[Any],
    places: NDArray[Any] | None,
    ids: NDArray[Any],
    what: str,
    *,
    shared: bool = False,
) -> Grouping:
    """Group rows by the name of their sequence.

    Args:
        names: (n,) sequence of each row.
        places: (n,) sort keys of the rows of a sequence; None: they stand in order.
        ids: (n,) of the rows, for messages.
        what: name of the rows, for messages, such as "/text in f.h5".
        shared: whether rows of a sequence may have the same place; they keep their order.

    Raises:
        InputError: a row has no sequence or no finite place, or a place is taken twice.
    """
    words = np.array([str(name) for name in names])
    if (words == "").any():
        raise InputError(f"Item '{ids[int(np.argmax(words == ''))]}' of {what} has no sequence.")
    unique, first, inverse = np.unique(words, return_index=True, return_inverse=True)
    rank = np.empty(len(unique), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(unique))
    item = rank[inverse]
    at = np.zeros(len(words)) if places is None else np.asarray(places, dtype=np.float64)
    if not np.isfinite(at).all():
        row = int(np.argmin(np.isfinite(at)))
        raise InputError(
            f"Item '{ids[row]}' of {what} has no place in its sequence '{words[row]}': give each "
            "a finite position."
        )
    order = np.lexsort((at, item))
    taken = (np.diff(item[order]) == 0) & (np.diff(at[order]) == 0)
    if taken.any() and not shared and places is not None:
        one, two = order[int(np.argmax(taken)) : int(np.argmax(taken)) + 2]
        raise InputError(
            f"Items '{ids[one]}' and '{ids[two]}' of {what} have the same position {at[one]:g} in "
            f"their sequence '{words[one]}': number them in order."
        )
    return Grouping(unique[np.argsort(first)], order, np.bincount(item), item)


def group_tokens(items: Tokens, *, captions: bool = False) -> Grouping:
    """Group the items of a feature file by ``sequence``, in order of ``position``, else ``start``.

    Args:
        items: one side.
        captions: they are captions, of which a clip may have several, in the order of the file.

    Raises:
        InputError: a column is missing, or an item has no sequence or no distinct place.
    """
    columns: Mapping[str, NDArray[Any]] = items.item_columns
    if "sequence" not in columns:
        raise InputError(
            f"{items.name} has no column sequence, which says what long video each item belongs "
            "to: import text_sequence and video_sequence, or leave --sequence out."
        )
    places = columns.get("position", columns.get("start"))
    if places is None:
        raise InputError(
            f"{items.name} has neither position nor start: the order of the items in their "
            "sequences is not known."
        )
    return grouping(columns["sequence"], places, items.ids, items.name, shared=captions)


def ordered(items: Tokens) -> NDArray[Any] | None:
    """(n,) the sequence of each item, where those of a sequence stand in order; else None."""
    try:
        groups = group_tokens(items, captions=True)
    except InputError:
        return None
    in_order = np.array_equal(groups.order, np.argsort(groups.item, kind="stable"))
    return groups.ids[groups.item] if in_order else None


def paragraph_truth(
    truth: Truth, texts: Grouping, videos: Grouping, ids: tuple[NDArray[Any], NDArray[Any]]
) -> Truth:
    """Return which long video belongs to each paragraph: the one of its name.

    Args:
        truth: the positive pairs of captions and clips.
        texts: captions as paragraphs.
        videos: clips as long videos.
        ids: of the captions and of the clips, for messages.

    Raises:
        InputError: a caption and its clip belong to different sequences.
    """
    named = texts.ids[texts.item[truth.text]], videos.ids[videos.item[truth.video]]
    different = np.flatnonzero(named[0] != named[1])
    if len(different):
        pair = int(different[0])
        raise InputError(
            f"Text '{ids[0][truth.text[pair]]}' belongs to sequence '{named[0][pair]}', but its "
            f"video '{ids[1][truth.video[pair]]}' to '{named[1][pair]}': group both sides alike."
        )
    row = {name: number for number, name in enumerate(videos.ids.tolist())}
    owner = np.array([row[name] for name in texts.ids.tolist()])
    return Truth.of((len(texts), len(videos)), text_video=owner)
