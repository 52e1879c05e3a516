"""Scoring all paragraphs against all long videos, and the path of one pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.features.tokens import offsets_of
from vrbench.runtime.inputs import to_numpy
from vrbench.sequences.base import (
    BestClipAlignment,
    Conventions,
    Float,
    PairAlignment,
    Pairs,
    SequenceAlignment,
    sequences,
)
from vrbench.sequences.distance import WarpingAlignment
from vrbench.sequences.engine.lanes import blocks
from vrbench.sims.sim import as_matrix, is_finite

Lengths = NDArray[np.int64]


class ScoreConventions(Conventions):
    """Conventions of scores, and the value of the prompt bucket, where there is one."""

    bucket: float | None


@dataclass(frozen=True, eq=False)
class SequenceScores:
    """Scores of sequences, and their conventions.

    Attributes:
        matrix: (paragraphs, videos) float64, larger is better.
        about: their conventions.
        captions: how many captions were scored.
    """

    matrix: Float
    about: ScoreConventions
    captions: int


def score(
    sim: Any,
    text_lengths: ArrayLike,
    video_lengths: ArrayLike,
    spec: str,
    *,
    matched: ArrayLike | None = None,
) -> Float:
    """Score every paragraph against every long video.

    Args:
        sim: (captions, clips) similarities of all sequences, sequence after sequence.
        text_lengths: (paragraphs,) captions of each paragraph.
        video_lengths: (videos,) clips of each video.
        spec: of the sequence alignment: ``cap-avg``, ``vote``, ``dtw``, ``otam``, ``transport``,
            ``drop-dtw``, with parameters.
        matched: (k,) similarities of clips and captions that belong together, for
            ``transport:bucket``. None: those of ``sim`` itself (transductive), caption k to clip k
            where paragraph i and video i are equally long.

    Returns:
        (paragraphs, videos) float64, larger is better; ``sim`` is not changed.

    Raises:
        InputError: the spec is unknown, lengths do not fit, or a similarity is not finite.
    """
    matrix = as_matrix(sim)
    lengths = _lengths(text_lengths, "text_lengths"), _lengths(video_lengths, "video_lengths")
    _check(matrix, *lengths)
    method = sequences.parse(spec)
    if method.matched_quantile is not None and matched is None:
        matched = _diagonal(matrix, *lengths, spec)
    pairs = None if matched is None else to_numpy(matched)
    return score_matrix(matrix, *lengths, method, matched=pairs).matrix


def score_matrix(
    sim: NDArray[Any],
    text_lengths: Lengths,
    video_lengths: Lengths,
    method: SequenceAlignment,
    *,
    matched: NDArray[Any] | None = None,
    longest: tuple[int, int] | None = None,
) -> SequenceScores:
    """Score as ``score`` does, and return the conventions of the scores too.

    Args:
        sim: (captions, clips), finite, sequence after sequence.
        text_lengths: (paragraphs,).
        video_lengths: (videos,).
        method: the sequence alignment.
        matched: similarities of matched pairs; read where the method needs a quantile of them.
        longest: captions of the longest paragraph and clips of the longest video of the test set;
            None: of these.
    """
    with sequences.calling(method):
        if isinstance(method, BestClipAlignment):
            result = _by_best_clip(sim, text_lengths, video_lengths, method)
            return SequenceScores(result, {**method.about(sim), "bucket": None}, len(sim))
        assert isinstance(method, PairAlignment)  # there is no third kind
        longest = longest or (int(text_lengths.max()), int(video_lengths.max()))
        return _by_pair(sim, text_lengths, video_lengths, method, matched, longest)


def _by_pair(
    sim: NDArray[Any],
    text_lengths: Lengths,
    video_lengths: Lengths,
    method: PairAlignment,
    matched: NDArray[Any] | None,
    longest: tuple[int, int],
) -> SequenceScores:
    quantile = method.matched_quantile
    value = None if quantile is None else _quantile(matched, quantile)
    result = np.empty((len(text_lengths), len(video_lengths)))
    for block in blocks(sim, text_lengths, video_lengths):
        scores = method.score(Pairs(block.sim, longest, value))
        result[np.ix_(block.text, block.video)] = scores.reshape(len(block.text), -1)
    bucket = value if quantile is not None else getattr(method, "bucket_value", None)
    return SequenceScores(result, {**method.about(sim), "bucket": bucket}, len(sim))


def path(sim: Any, spec: str) -> list[tuple[int, int]]:
    """Return the cheapest path of one pair, [(caption, clip), ...] from 0, in order.

    Args:
        sim: (n, m) similarities of a paragraph's captions and a video's clips.
        spec: ``dtw`` or ``otam``, with ``offset``; of ``otam`` the orientation with captions as
            rows, its columns of zeros left out. ``length_norm`` does not change the path.

    Raises:
        InputError: the spec names another alignment, a released variant, or ``background``.
    """
    method = sequences.parse(spec)
    if not isinstance(method, WarpingAlignment):
        raise InputError(f"'{spec}' has no path: give dtw or otam.")
    if method.variant != "exact" or method.background:
        raise InputError(f"'{spec}' has no path in the whole matrix: use variant=exact.")
    matrix = as_matrix(sim).astype(np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InputError(
            f"The similarity of a pair has shape {matrix.shape}, expected (captions, clips), at "
            "least one of each."
        )
    _check(matrix, *(np.array([n]) for n in matrix.shape))
    return method.trace(method.offset - matrix)


def _by_best_clip(
    sim: NDArray[Any], text_lengths: Lengths, video_lengths: Lengths, method: BestClipAlignment
) -> Float:
    best = np.maximum.reduceat(sim, offsets_of(video_lengths)[:-1], axis=1)
    credit = method.credit(best, np.repeat(text_lengths, text_lengths))
    return np.add.reduceat(credit, offsets_of(text_lengths)[:-1], axis=0)


def _quantile(matched: NDArray[Any] | None, quantile: float) -> float:
    if matched is None or not len(matched):
        raise InputError(
            "There are no matched clip-caption similarities to take the bucket's value from: give "
            "bucket_value."
        )
    return float(np.quantile(matched.astype(np.float64), quantile))


def _diagonal(
    sim: NDArray[Any], text_lengths: Lengths, video_lengths: Lengths, spec: str
) -> NDArray[Any]:
    if not np.array_equal(text_lengths, video_lengths):
        raise InputError(
            f"'{spec}' needs matched clip-caption similarities, and paragraphs and videos of "
            "unequal length do not say which match: give matched, or bucket_value."
        )
    return np.diagonal(sim)


def _lengths(values: ArrayLike, name: str) -> Lengths:
    lengths = np.asarray(values)
    if lengths.ndim != 1 or not len(lengths) or lengths.dtype.kind not in "iu":
        raise InputError(f"{name} is {lengths.dtype} {lengths.shape}, expected whole numbers (n,).")
    if lengths.min() < 1:
        empty = int(np.argmin(lengths))
        raise InputError(f"{name} gives sequence {empty} {lengths[empty]} items: leave it out.")
    return lengths.astype(np.int64)


def _check(sim: NDArray[Any], text_lengths: Lengths, video_lengths: Lengths) -> None:
    expected = int(text_lengths.sum()), int(video_lengths.sum())
    if sim.shape != expected:
        raise InputError(
            f"The similarity has shape {sim.shape}, expected {expected}: captions x clips, as many "
            "as the lengths say."
        )
    if not is_finite(sim):
        row, column = np.argwhere(~np.isfinite(sim))[0]
        raise InputError(
            f"The similarity of caption {row} and clip {column} is {sim[row, column]}: every "
            "similarity must be finite."
        )
