"""Multiple choice: choose one of a few answers for a video."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy


class MultipleChoice(NamedTuple):
    """The chosen answers.

    Attributes:
        choice: (n,) the answer chosen for each video, from 0.
        accuracy: in percent of the videos.
    """

    choice: NDArray[np.int64]
    accuracy: float


def multiple_choice(
    video: Any, answers: Any, correct: ArrayLike, offsets: ArrayLike | None = None
) -> MultipleChoice:
    """Choose for each video the answer with the largest dot product; the first where some tie.

    Args:
        video: (n, d) vectors, taken as they are: scale them to length 1 for cosines.
        answers: (sum a, d) vectors of the answers, video after video.
        correct: (n,) the right answer of each video, from 0.
        offsets: (n + 1,) the answers of video i are ``offsets[i]:offsets[i + 1]``. None: all
            videos have the same number of answers (MSR-VTT: 5).

    Raises:
        InputError: shapes do not fit, or a video's right answer is none of its answers.

    Source: Norton Table 6 and VideoCLIP's release: argmax over the answers.
    """
    v, a = to_numpy(video), to_numpy(answers)
    n = len(v)
    if v.ndim != 2 or a.ndim != 2 or not n or v.shape[1] != a.shape[1]:
        raise InputError(
            f"video is {v.shape} and answers {a.shape}, expected (n, d) and (sum a, d)."
        )
    if offsets is None and len(a) % n:
        raise InputError(f"{len(a)} answers of {n} videos are not equally many: give offsets.")
    ends = np.arange(n + 1) * (len(a) // n) if offsets is None else np.asarray(offsets)
    right = np.asarray(correct)
    counts = np.diff(ends)
    if ends.shape != (n + 1,) or ends[0] != 0 or ends[-1] != len(a) or (counts < 1).any():
        raise InputError(
            f"offsets must be ({n + 1},) from 0 to {len(a)}, with at least one answer a video."
        )
    if right.shape != (n,) or right.dtype.kind not in "iu":
        raise InputError(f"correct is {right.dtype} {right.shape}, expected whole numbers ({n},).")
    wrong = np.flatnonzero((right < 0) | (right >= counts))
    if len(wrong):
        row = int(wrong[0])
        raise InputError(
            f"The right answer of video {row} is {right[row]}, but it has {counts[row]} answers "
            f"(0 to {counts[row] - 1})."
        )
    scores = np.einsum("ad,ad->a", a.astype(np.float64), np.repeat(v, counts, axis=0))
    choice = np.array([int(np.argmax(part)) for part in np.split(scores, ends[1:-1])])
    return MultipleChoice(choice, 100 * float((choice == right).mean()))
