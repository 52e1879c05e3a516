"""The interface of sequence alignments: (captions, clips) similarities of a pair -> score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import numpy as np
from numpy.typing import NDArray

from vrbench.registry import Registry

Float = NDArray[np.float64]


class Conventions(TypedDict):
    """Conventions of scores; None where an alignment has no distances.

    ``offset`` and ``length_norm``, and the share of all distances ``offset - sim`` that are
    ``negative``.
    """

    offset: float | None
    length_norm: str | None
    negative: float | None


class SequenceAlignment:
    """A frozen dataclass that scores a paragraph against a long video; its fields are parameters.

    It gets similarities with captions in rows and clips in columns, in both directions.
    """

    source: ClassVar[str] = ""
    """Paper and equation, for listings."""

    @property
    def matched_quantile(self) -> float | None:
        """Quantile of the matched clip-caption similarities that it needs; None: it needs none."""
        return None

    def about(self, sim: NDArray[Any]) -> Conventions:
        """Return the conventions of its scores: offset, length scaling, signs.

        Args:
            sim: (captions, clips) all similarities that were scored.
        """
        return {"offset": None, "length_norm": None, "negative": None}


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a paragraph of n captions and a video of m clips, side by side as lanes.

    Attributes:
        sim: (n, m, pairs) float64 similarities; may be overwritten.
        longest: captions of the longest paragraph and clips of the longest video of the test set.
        matched: value at ``matched_quantile`` of the matched similarities, where that is not None.
    """

    sim: Float
    longest: tuple[int, int]
    matched: float | None = None


class PairAlignment(SequenceAlignment, ABC):
    """A sequence alignment that scores each pair by itself."""

    @abstractmethod
    def score(self, pairs: Pairs) -> Float:
        """(pairs,) the score of each pair; larger is better."""


class BestClipAlignment(SequenceAlignment, ABC):
    """A sequence alignment that reads each caption's best clip of each video only."""

    @abstractmethod
    def credit(self, best: NDArray[Any], lengths: NDArray[np.int64]) -> Float:
        """Return what each caption adds to the score of each video.

        Args:
            best: (captions, videos) similarity to the best clip of each video of the gallery.
            lengths: (captions,) captions of the paragraph that each belongs to.
        """


sequences: Registry[SequenceAlignment] = Registry(
    "sequence alignment", "vrbench.sequences", base=(PairAlignment, BestClipAlignment)
)
