"""Captions through the text tower: a token a word, in the joint space."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.encoders.base import Encoded
from vrbench.encoders.hf.checking import Rows, distance
from vrbench.encoders.hf.heads import HEADS
from vrbench.encoders.hf.probing import Tried, names_of, numbers
from vrbench.encoders.hf.towers import Towers
from vrbench.encoders.hf.words import AROUND, SPECIAL, WORD, Words

Special = Literal["pooled", "none", "all"]


class Texts:
    """The text side of a loaded model.

    Attributes:
        tried: what was found at load; where no row reproduces the pooled output, a caption's only
            token is that.
    """

    def __init__(self, towers: Towers, words: Words, tried: Tried, special: Special) -> None:
        self.tried = tried
        self._towers, self._words, self._special = towers, words, special

    def __call__(self, caption: str) -> Encoded:
        """Encode a caption; without words if it has none."""
        pieces = self._words(caption)
        hidden, whole = self._towers.caption(pieces.ids)
        pooled = numbers(whole)
        if not (pieces.kinds == WORD).any():
            return Encoded(pooled[None][:0], pooled, (), cut=pieces.cut)
        if self.tried.found.how == "none":
            return Encoded(pooled[None], pooled, (caption.strip(),), cut=pieces.cut)
        rows = numbers(HEADS[self.tried.rows](self._towers.model, hidden))
        kinds = np.concatenate([pieces.kinds, np.full(len(rows) - len(pieces.ids), SPECIAL)])
        kept = self._kept(rows, pooled, kinds)
        names = names_of(pieces, len(rows))
        return Encoded(rows[kept], pooled, tuple(names[i] for i in kept), cut=pieces.cut)

    def _kept(self, rows: Rows, pooled: Rows, kinds: NDArray[np.int64]) -> list[int]:
        """Return the rows that become tokens."""
        chosen = kinds == WORD
        mean = self.tried.found.how == "mean" and self._special != "none"
        if mean or self._special == "all":
            chosen |= kinds == SPECIAL
        if mean:
            chosen |= kinds == AROUND
        elif self._special != "none":
            chosen[int(np.argmin(distance(rows, pooled)))] = True
        found: list[int] = np.flatnonzero(chosen).tolist()
        return found
