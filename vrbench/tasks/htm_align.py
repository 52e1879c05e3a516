"""HTM-Align: find the second of a long video that shows a sentence."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy

Protocol = Literal["window", "global"]
WINDOW, STEP = 32, 8
"""Seconds of a window, and between the starts of two."""
NEVER = -6e4
"""Similarity of a text and a second that no window has scored together."""


class HtmAlignResult(NamedTuple):
    """The seconds found for the sentences of one video.

    Attributes:
        second: (n,) the best second of each text.
        hits: (n_alignable,) whether that lies within the text's time, of the alignable texts.
        recall: percent of hits; over several videos take the mean of all their hits (micro).
    """

    second: NDArray[np.int64]
    hits: NDArray[np.bool_]
    recall: float


def htm_align(
    video: Any,
    text: Any,
    start: ArrayLike,
    end: ArrayLike,
    alignable: ArrayLike,
    window: int = WINDOW,
    step: int = STEP,
    protocol: Protocol = "window",
) -> HtmAlignResult:
    """Find the second of each text in one video: where ``similarities`` is largest.

    A text is hit if floor(start) <= its best second (the first of equal ones) <= ceil(end).

    Args:
        video: (V, d) a vector a second.
        text: (n, d) in the order of the video.
        start: (n,) of each text, in seconds.
        end: (n,).
        alignable: (n,) whether the text is shown at all.
        window: in seconds.
        step: in seconds.
        protocol: ``window``, or ``global``, which has no windows.

    Returns:
        second, hits and recall; NaN where no text is alignable.

    Raises:
        InputError: shapes do not fit, or a vector has no direction.

    Source: Han et al., CVPR 2022 (TAN), evaluation code as used by Norton Table 9, whose rows are
    of both protocols: CLIP's 17.5 is global, MIL-NCE's 34.2 windowed.
    """
    sim = similarities(video, text, start, end, alignable, window, step, protocol)
    second, shown = sim.argmax(axis=1), np.asarray(alignable).astype(bool)
    inside = (np.floor(start) <= second) & (second <= np.ceil(end))
    hits = inside[shown]
    return HtmAlignResult(second, hits, 100 * float(hits.mean()) if len(hits) else float("nan"))


def similarities(
    video: Any,
    text: Any,
    start: ArrayLike,
    end: ArrayLike,
    alignable: ArrayLike,
    window: int = WINDOW,
    step: int = STEP,
    protocol: Protocol = "window",
) -> NDArray[np.float64]:
    """(n, V) cosines of texts and seconds; with ``window`` those that no window scores are -6e4.

    Windows begin at 0, step, 2 step, ... < V - window // 2 and cover [w, min(V, w + window)); a
    video of at most window // 2 seconds is one window. Which texts a window scores is decided by
    the texts that are not alignable, whose times were never corrected: of those whose middle lies
    in [w - window, w + 2 window], from the first to the last; without any the window is left out.
    The first four windows begin at text 0, otherwise the last four end at the last text. What no
    window scored, or is exactly 0, counts as -6e4.

    The arguments are those of ``htm_align``. The released code takes a mean over windows; all of
    them hold the same value, since dot products do not depend on the window. It has no window, and
    so no similarity, for a video of at most half a window.
    """
    v, t = _unit(video, "video"), _unit(text, "text")
    if v.shape[1] != t.shape[1]:
        raise InputError(f"video is {v.shape[1]} wide and text {t.shape[1]}: use one space.")
    begin, stop = (_per_text(values, t, name) for values, name in ((start, "start"), (end, "end")))
    shown = _per_text(alignable, t, "alignable").astype(bool)
    if window < 1 or step < 1:
        raise InputError(f"window and step must be at least 1, they are {window} and {step}.")
    if protocol not in get_args(Protocol):
        raise InputError(f"protocol is '{protocol}': give {' or '.join(get_args(Protocol))}.")
    sim = t @ v.T
    if protocol == "window":
        scored = _scored(sim.shape, (begin + stop) / 2, shown, window, step)
        sim[~scored | (sim == 0)] = NEVER
    return sim


def auc(best: ArrayLike, alignable: ArrayLike) -> float:
    """Area under the ROC curve of alignability by ``best``; half a point for ties.

    Raises:
        InputError: all texts are alignable, or none is.
    """
    from scipy.stats import rankdata

    score, shown = np.asarray(best), np.asarray(alignable).astype(bool)
    positive, negative = int(shown.sum()), int((~shown).sum())
    if not positive or not negative:
        raise InputError("The AUC needs texts that are alignable and texts that are not.")
    ranks = rankdata(score)[shown].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def _scored(
    shape: tuple[int, int],
    middle: NDArray[np.float64],
    shown: NDArray[np.bool_],
    window: int,
    step: int,
) -> NDArray[np.bool_]:
    """(texts, seconds) whether a window scores them together."""
    texts, seconds = shape
    starts = range(0, max(seconds - window // 2, 1), step)
    scored = np.zeros(shape, dtype=bool)
    for number, first in enumerate(starts):
        near = (first - window <= middle) & (middle <= first + 2 * window)
        known = np.flatnonzero(near & ~shown)
        if not len(known):
            continue
        left, right = int(known[0]), int(known[-1])
        if number < 4:
            left = 0
        elif number >= len(starts) - 4:
            right = texts - 1
        scored[left : right + 1, first : first + window] = True
    return scored


def _unit(values: Any, name: str) -> NDArray[np.float64]:
    array = to_numpy(values).astype(np.float64)
    if array.ndim != 2 or 0 in array.shape:
        raise InputError(f"{name} has shape {array.shape}, expected (n, d).")
    length = np.linalg.norm(array, axis=1, keepdims=True)
    bad = ~np.isfinite(length[:, 0]) | (length[:, 0] == 0)
    if bad.any():
        raise InputError(f"Row {int(np.argmax(bad))} of {name} has no direction: leave it out.")
    return np.asarray(array / length)


def _per_text(values: ArrayLike, text: NDArray[Any], name: str) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (len(text),):
        raise InputError(f"{name} must be {len(text)} numbers, one a text; it is {array.shape}.")
    if not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array)))
        raise InputError(f"{name} of text {row} is {array[row]}: give each text a finite number.")
    return array
