"""Truth: which text and video belong together, and which items compete with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.sims.sim import Direction, Rows, check_finite

Protocol = Literal["group-max", "best-caption", "each-caption"]


@dataclass(frozen=True, eq=False)
class Truth:
    """The positive pairs of n_text texts and n_video videos.

    Attributes:
        text: (p,) the text of each positive pair.
        video: (p,) its video.
        n_text: number of texts; each has at least one positive.
        n_video: number of videos; one without a text is in the gallery, and is no query.
        gain: (p,) relevance > 0 of each pair; None: all are equally relevant.
        candidates: (n_text, n_video) boolean, which videos compete for a text in t2v; None: all.
    """

    text: NDArray[np.int64]
    video: NDArray[np.int64]
    n_text: int
    n_video: int
    gain: NDArray[np.float64] | None = None
    candidates: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        text_video: ArrayLike | None = None,
        positives: ArrayLike | None = None,
        relevance: ArrayLike | None = None,
    ) -> Truth:
        """Read the truth for a matrix of shape (n_text, n_video).

        Args:
            shape: of the matrix.
            text_video: (n_text,) column of each text's video; default: row i belongs to column i.
            positives: (n_text, n_video) boolean or 0 and 1, where a text has several positives.
            relevance: (n_text, n_video) numbers >= 0 instead; a video is a positive above 0.

        Raises:
            InputError: shapes do not fit, or a text has no right video.
        """
        if len(shape) != 2:
            raise InputError(f"A similarity matrix has shape {shape}, expected (n_text, n_video).")
        n_text, n_video = shape
        if relevance is not None:
            return cls._of_relevance(np.asarray(relevance), n_text, n_video)
        if positives is not None:
            return cls._of_positives(np.asarray(positives), n_text, n_video)
        if text_video is None and n_text != n_video:
            raise InputError(
                f"A matrix of {n_text} texts x {n_video} videos is not square: say which video "
                "belongs to each text (text_video)."
            )
        video = np.arange(n_text) if text_video is None else np.asarray(text_video)
        if video.shape != (n_text,) or video.dtype.kind not in "iu":
            raise InputError(
                f"text_video is {video.dtype} {video.shape}, expected whole numbers ({n_text},)."
            )
        wrong = np.flatnonzero((video < 0) | (video >= n_video))
        if len(wrong):
            raise InputError(
                f"text_video points text {wrong[0]} to video {video[wrong[0]]}, but there are "
                f"{n_video} videos (0 to {n_video - 1})."
            )
        return cls(np.arange(n_text), video.astype(np.int64), n_text, n_video)

    @classmethod
    def _of_positives(cls, positives: NDArray[Any], n_text: int, n_video: int) -> Truth:
        shape = (n_text, n_video)
        if positives.shape != shape or positives.dtype.kind not in "biu":
            raise InputError(
                f"positives is {positives.dtype} {positives.shape}, expected bool {shape}, or 0 "
                "and 1 as whole numbers."
            )
        if not np.isin(positives, (0, 1)).all():
            raise InputError(f"positives {shape} holds other numbers than 0 and 1.")
        return cls(*_pairs(positives.astype(bool), "positives"), n_text, n_video)

    @classmethod
    def _of_relevance(cls, relevance: NDArray[Any], n_text: int, n_video: int) -> Truth:
        shape = (n_text, n_video)
        if relevance.shape != shape or relevance.dtype.kind not in "fiu":
            raise InputError(
                f"relevance is {relevance.dtype} {relevance.shape}, expected numbers >= 0 {shape}."
            )
        wrong = np.argwhere(~np.isfinite(relevance) | (relevance < 0))
        if len(wrong):
            text, video = wrong[0]
            raise InputError(
                f"The relevance of text {text} and video {video} is {relevance[text, video]}: "
                "it must be a number >= 0, 0 where the video is not right."
            )
        pairs = _pairs(relevance > 0, "relevance")
        return cls(*pairs, n_text, n_video, relevance[pairs].astype(np.float64))

    @property
    def captions(self) -> NDArray[np.int64]:
        """(n_video,) number of texts of each video."""
        return np.bincount(self.video, minlength=self.n_video)

    @property
    def single(self) -> bool:
        """Whether each text has exactly one video."""
        return len(self.text) == self.n_text

    def pairs(self, direction: Direction) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (query, gallery) of each positive pair."""
        return (self.text, self.video) if direction == "t2v" else (self.video, self.text)


def _pairs(right: NDArray[np.bool_], name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(p,) texts and videos of the pairs that are right, texts in order; each has one."""
    without = np.flatnonzero(~right.any(axis=1))
    if len(without):
        raise InputError(f"Text {without[0]} has no right video in {name}: leave it out.")
    text, video = np.nonzero(right)
    return text, video


@dataclass(frozen=True, eq=False)
class Queries:
    """The queries of one direction, their similarities to the gallery and their positives.

    Attributes:
        rows: a row of similarities for each query.
        query: (p,) the query of each positive pair.
        item: (p,) its positive, a column of ``rows``.
        direction: t2v or v2t.
        gain: (p,) relevance > 0 of the positive; None: all are equally relevant.
        candidates: (n, gallery) boolean, which items compete for a query; None: all.
    """

    rows: Rows
    query: NDArray[np.int64]
    item: NDArray[np.int64]
    direction: Direction
    gain: NDArray[np.float64] | None = None
    candidates: NDArray[np.bool_] | None = None

    @property
    def has_positive(self) -> NDArray[np.bool_]:
        """(n,) whether a query has a positive; one without takes part in nothing."""
        return np.bincount(self.query, minlength=len(self.rows)) > 0

    def positives(self) -> NDArray[Any]:
        """(p,) similarity of each positive pair."""
        return self.rows.pairs(self.query, self.item)

    @property
    def expected(self) -> NDArray[np.float64]:
        """(gallery,) retrievals of each item if every query found all its positives equally."""
        share = 1 / np.bincount(self.query, minlength=len(self.rows))[self.query]
        expected = np.bincount(self.item, weights=share, minlength=self.rows.width)
        return expected.astype(np.float64)


def queries_of(matrix: NDArray[Any], truth: Truth, direction: Direction) -> Queries:
    """Return a direction's queries over the items themselves (best-caption in v2t).

    Args:
        matrix: (n_text, n_video) in both directions.
        truth: the positive pairs.
        direction: t2v or v2t.
    """
    rows = Rows(matrix if direction == "t2v" else matrix.T)
    candidates = truth.candidates if direction == "t2v" else None
    return Queries(rows, *truth.pairs(direction), direction, truth.gain, candidates)


def v2t_queries(matrix: NDArray[Any], truth: Truth, protocol: str) -> Queries:
    """Return the v2t queries under one of the protocols for several captions a video.

    * ``best-caption``: the best positive against all negatives (CE, Frozen).
    * ``group-max``: each video's captions count as one item, their maximum (CLIP4Clip, X-Pool).
    * ``each-caption``: every positive is ranked; the video's other captions compete.

    Raises:
        InputError: the protocol is unknown, or needs one video a text and there are several, or
            (not ``best-caption``) a similarity is NaN or infinite.
    """
    if protocol not in get_args(Protocol):
        raise InputError(f"Unknown v2t protocol '{protocol}': use {', '.join(get_args(Protocol))}.")
    if protocol == "best-caption":
        return queries_of(matrix, truth, "v2t")
    if not truth.single:
        raise InputError(f"v2t={protocol} needs one video a text: use best-caption here.")
    check_finite(Rows(matrix.T), "v2t")
    if protocol == "each-caption":
        text = np.arange(truth.n_text)
        return Queries(Rows(matrix.T, truth.video), text, text, "v2t")
    order = np.argsort(truth.video, kind="stable")
    videos, first = np.unique(truth.video[order], return_index=True)
    groups = np.maximum.reduceat(matrix[order], first, axis=0)
    return Queries(Rows(groups.T), videos, np.arange(len(videos)), "v2t")
