"""The last training queries, in the order seen: what becomes the bank of a head (NCL)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.features import Tokens
from vrbench.features.tokens import offsets_of
from vrbench.heads import HeadSpec
from vrbench.heads.applied import map_side
from vrbench.heads.bank import SIDES, bank_arrays
from vrbench.heads.base import Side
from vrbench.training.items import Index, TrainingItems
from vrbench.training.settings import TrainingSettings

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.batch import Packed

NamedArrays = dict[str, NDArray[Any]]


class Queue:
    """The last K pairs of training, repeats and all.

    ``stale`` keeps each item as the head gave it when it was seen, as NCL's queues do; ``final``
    keeps which items they were. Where a method reads the global vectors only, they are all that
    is kept.

    Args:
        size: K; 0 keeps nothing.
        stale: whether items are kept as they were.
        vectors: whether the global vectors are all that is read.
    """

    def __init__(self, size: int, stale: bool, *, vectors: bool) -> None:
        self.size, self.stale, self.vectors = size, stale, vectors
        self.texts = np.empty(0, np.int64)
        self._kept: list[dict[Side, Tokens]] = []

    @classmethod
    def of(cls, settings: TrainingSettings, method: Method) -> Queue:
        """Return the empty queue that settings ask for."""
        stale = settings.queue_encoding == "stale"
        return cls(settings.queue, stale, vectors=not method.reads_tokens)

    def add(self, items: TrainingItems, texts: Index, text: Packed, video: Packed) -> None:
        """Add a batch: the rows of its texts, and both sides as the head gave them."""
        if not self.size:
            return
        self.texts = np.concatenate([self.texts, texts])[-self.size :]
        if not self.stale:
            return
        ids = {"text": items.text.ids[texts], "video": items.video.ids[items.owner[texts]]}
        given: dict[Side, Packed] = {"text": text, "video": video}
        cosines = items.text.normalized
        self._kept.append(
            {side: _seen(side, ids[side], given[side], cosines, self.vectors) for side in SIDES}
        )
        while sum(len(one["text"]) for one in self._kept[1:]) >= self.size:
            del self._kept[0]

    def arrays(self) -> NamedArrays:
        """Return what it has to remember."""
        if not self.size:
            return {}
        return {"texts": self.texts, **(self._stale() if self.stale and self._kept else {})}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what ``arrays`` gave."""
        from vrbench.heads.bank import bank_side

        if not self.size or "texts" not in arrays:
            return
        self.texts, self._kept = arrays["texts"].copy(), []
        if self.stale and len(self.texts):
            sides = {side: bank_side(arrays, side, "the queue", True) for side in SIDES}
            self._kept = [sides]

    def bank(
        self, spec: HeadSpec, weights: Mapping[str, Tensor], items: TrainingItems, *, as_seen: bool
    ) -> NamedArrays:
        """Return the arrays of a head's bank.

        Args:
            spec: the heads that items go through.
            weights: of the head that is kept, for ``final``.
            items: the training items.
            as_seen: False: the head kept is not one that has seen them, and maps them in any case.
        """
        if not len(self.texts):
            return {}
        return self._stale() if self.stale and as_seen else self._final(spec, weights, items)

    def _stale(self) -> NamedArrays:
        found: NamedArrays = {}
        for side in SIDES:
            whole = joined([one[side] for one in self._kept])
            last = np.arange(len(whole))[-self.size :]
            found |= bank_arrays(side, whole.take(last), np.arange(len(last)))
        return found

    def _final(
        self, spec: HeadSpec, weights: Mapping[str, Tensor], items: TrainingItems
    ) -> NamedArrays:
        found: NamedArrays = {}
        rows = {"text": self.texts, "video": items.owner[self.texts]}
        for side in SIDES:
            distinct, order = np.unique(rows[side], return_inverse=True)
            mapped = map_side(spec, weights, side, getattr(items, side).select(distinct))
            mapped = mapped.take(np.arange(len(mapped)))
            if self.vectors:
                mapped = _only_vectors(mapped)
            found |= bank_arrays(side, mapped, order)
        return found


def _seen(side: Side, ids: NDArray[Any], given: Packed, cosines: bool, vectors: bool) -> Tokens:
    """Return a side of a batch as it was, apart from the graph."""
    stored = Tokens(
        ids=ids,
        tokens=given.tokens.detach().cpu().numpy().copy(),
        offsets=offsets_of(given.lengths),
        global_vectors=None if given.globals_ is None else given.globals_.detach().cpu().numpy(),
        normalized=cosines,
        token_columns={k: v.detach().cpu().numpy() for k, v in given.weights.items()},
        name=side,
    )
    return _only_vectors(stored) if vectors else stored


def _only_vectors(items: Tokens) -> Tokens:
    from vrbench.alignments.engine.driver import global_vectors

    vectors = global_vectors(items).astype(np.float32)
    offsets = np.arange(len(items) + 1)
    return Tokens(items.ids, vectors, offsets, vectors, items.normalized, name=items.name)


def joined(parts: list[Tokens]) -> Tokens:
    """Return items one after the other."""
    first = parts[0]
    vectors = [one.global_vectors for one in parts if one.global_vectors is not None]
    return Tokens(
        ids=np.concatenate([np.asarray([str(i) for i in one.ids]) for one in parts]),
        tokens=np.concatenate([one.tokens for one in parts]),
        offsets=offsets_of(np.concatenate([one.lengths for one in parts])),
        global_vectors=np.concatenate(vectors) if vectors else None,
        normalized=first.normalized,
        token_columns={
            name: np.concatenate([one.token_columns[name] for one in parts])
            for name in first.token_columns
        },
        name=first.name,
    )
