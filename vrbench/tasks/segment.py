"""``segmentation``: reports of it, on arrays and on feature files whose texts are timed steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine import driver
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.importing import load_arrays
from vrbench.runtime.progress import Progress
from vrbench.tasks.base import Task, TaskReport, column, tasks, times
from vrbench.tasks.cross_entropy import cross_entropy_head
from vrbench.tasks.seconds import seconds_of
from vrbench.tasks.segmentation import frame_accuracy, label_frames, linear_head

KEYS = ("frames", "labels", "steps", "train_frames", "train_labels")
"""Arrays of a segmentation file."""
NAMES: Final = "names"


class Training(NamedTuple):
    """Frames (n, d) and the label of each (n,)."""

    frames: NDArray[Any]
    labels: NDArray[Any]


class Segments(NamedTuple):
    """What is segmented.

    Attributes:
        frames: (m, d).
        labels: (m,) the true labels; 0 is the background.
        steps: (k, d) vectors of the steps' names, steps 1 to k; None: there are none.
        train: training data of a classifier; None: there are none.
        name: of the file.
    """

    frames: NDArray[Any]
    labels: NDArray[Any]
    steps: NDArray[Any] | None
    train: Training | None
    name: str


@tasks.register("segmentation")
@dataclass(frozen=True)
class Segmentation(Task):
    """Label every frame by step names, or by a linear classifier.

    Source: Norton Table 4.

    Attributes:
        by: ``names``: the most similar name of a step; ``ridge`` or ``cross-entropy``: a linear
            classifier, by ridge regression onto one-hot labels or by cross entropy.
        background: with names, the similarity below which a frame shows no step; None: each does.
        reg: weight > 0 of the classifier's penalty.

    Raises:
        InputError: ``reg`` is not positive, or a parameter belongs to another way.
    """

    by: Literal["names", "ridge", "cross-entropy"] = NAMES
    background: float | None = None
    reg: float = 1.0
    source = "Norton Table 4"

    def __post_init__(self) -> None:
        if not 0 < self.reg < np.inf:
            raise InputError(f"reg must be positive, it is {self.reg}.")
        if self.by != NAMES and self.background is not None:
            raise InputError(f"by={self.by} has no background threshold: leave background out.")
        if self.by == NAMES and self.reg != 1:
            raise InputError("by=names has no penalty: leave reg out.")

    def report(self, features: Features, progress: Progress | None = None) -> TaskReport:
        """Return the frame accuracy of step names."""
        return self.of(of_features(features, None))

    def of(self, given: Segments) -> TaskReport:
        """Return the frame accuracy.

        Raises:
            InputError: there are no step names, or no training frames.
        """
        _check(given)
        gradient = None
        if self.by == NAMES:
            if given.steps is None:
                raise InputError(f"{given.name} has no names of steps.")
            found = label_frames(given.frames, given.steps, self.background)
        elif given.train is None:
            raise InputError(f"{given.name} has no training frames for by={self.by}.")
        elif self.by == "ridge":
            found = linear_head(*given.train, given.frames, self.reg)
        else:
            fitted = cross_entropy_head(*given.train, self.reg)
            if fitted.weights.shape[0] != given.frames.shape[1]:
                raise InputError(
                    f"Training frames are {fitted.weights.shape[0]} wide and those of {given.name} "
                    f"{given.frames.shape[1]}: use one space."
                )
            found, gradient = fitted.label(given.frames), fitted.gradient
        largest = np.unique(given.labels, return_counts=True)[1].max() / len(given.labels)
        return {
            "how": "step names" if self.by == NAMES else "linear head",
            "classifier": "none" if self.by == NAMES else self.by,
            "frames": len(given.labels),
            "reg": None if self.by == NAMES else self.reg,
            "gradient": gradient,
            "accuracy": frame_accuracy(found, given.labels),
            "largest label": 100 * float(largest),
        }


def _check(given: Segments) -> None:
    """Refuse frames to label that do not fit their labels, or are not finite."""
    frames, labels = given.frames, np.asarray(given.labels)
    if frames.ndim != 2 or not len(frames) or labels.shape != (len(frames),):
        raise InputError(
            f"{given.name}: frames are {frames.shape} and labels {labels.shape}, expected (n, d), "
            "(n,)."
        )
    if not np.isfinite(frames).all():
        row = int(np.argwhere(~np.isfinite(frames))[0, 0])
        raise InputError(f"{given.name}: frame {row} holds NaN or infinity, leave it out.")


def of_arrays(path: Path) -> Segments:
    """Read an npz, or a folder of npy files, with ``frames`` (n, d) and ``labels`` (n,).

    And ``steps`` (k, d), or ``train_frames`` and ``train_labels``, or all of them.

    Raises:
        InputError: an array is missing, or does not fit.
    """
    if path.is_dir() and not (path / "frames.npy").is_file():
        raise InputError(f"{path} has no frames.npy: it needs frames.npy (n, d), labels.npy (n,).")
    arrays, _ = load_arrays(path, KEYS)
    for name in ("frames", "labels"):
        if name not in arrays:
            raise InputError(f"{path} has no array {name}: it needs frames (n, d), labels (n,).")
    train = None
    if "train_frames" in arrays and "train_labels" in arrays:
        train = Training(arrays["train_frames"], arrays["train_labels"])
    if train is None and "steps" not in arrays:
        raise InputError(f"{path} has neither steps nor train_frames with train_labels.")
    return Segments(arrays["frames"], arrays["labels"], arrays.get("steps"), train, str(path))


def of_features(features: Features, train: Features | None) -> Segments:
    """Read whole videos with a row a second, whose texts are the names of steps with their times.

    Second k shows a step if start <= k < end, of several the one that begins last; else the
    background. ``/text/label`` names the step of a text, and equal labels are one step.

    Args:
        features: the test videos.
        train: training videos for a classifier, in the same space.

    Raises:
        InputError: a column is missing, videos are no whole ones with a row a second, or a training
            video is a test video.
    """
    sides = [features] if train is None else [features, train]
    if train is not None:
        _check_apart(features, train)
    names = [np.array([str(one) for one in _steps(side)]) for side in sides]
    known = np.unique(np.concatenate(names))
    known = known[known != ""]
    if not len(known):
        raise InputError(f"No text of {features.path} names a step: fill /text/label.")
    read = [_labelled(side, own, known) for side, own in zip(sides, names, strict=True)]
    steps = _vectors(sides, names, known)
    return Segments(*read[0], steps, Training(*read[1]) if train else None, str(features.path))


def _steps(features: Features) -> NDArray[Any]:
    return column(features.text, "label", "the step of each text")


def _check_apart(features: Features, train: Features) -> None:
    if features.video.dim != train.video.dim:
        raise InputError(
            f"{train.video.name} is {train.video.dim} wide and {features.video.name} "
            f"{features.video.dim}: use one space."
        )
    known = set(map(str, train.video.ids))
    shared = [name for name in map(str, features.video.ids) if name in known]
    if shared:
        raise InputError(
            f"Video '{shared[0]}' of {train.path} is also a test video: train on others."
        )


def _labelled(
    features: Features, names: NDArray[Any], known: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the rows of all videos, as they are compared, and the number of each one's step."""
    start, end = times(features.text)
    numbers = np.where(names == "", 0, np.searchsorted(known, names) + 1)
    frames, labels = [], []
    for row, rows in enumerate(seconds_of(features, "segmentation")):
        own = np.flatnonzero(features.text_video == row)
        label = np.zeros(len(rows), dtype=np.int64)
        second = np.arange(len(rows))
        for text in own[np.argsort(start[own], kind="stable")]:
            label[(start[text] <= second) & (second < end[text])] = numbers[text]
        frames.append(_scaled(rows, features.video.normalized))
        labels.append(label)
    return np.concatenate(frames), np.concatenate(labels)


def _vectors(
    sides: Sequence[Features], names: Sequence[NDArray[Any]], known: NDArray[Any]
) -> NDArray[np.float64]:
    """(k, d) the vector of the first text of each step."""
    if any(side.text.dim != side.video.dim for side in sides):
        raise InputError(f"Texts and videos of {sides[0].path} differ in width: use one space.")
    every = np.concatenate([driver.global_vectors(side.text) for side in sides])
    said = np.concatenate(list(names))
    return every[[int(np.argmax(said == name)) for name in known]]


def _scaled(rows: NDArray[Any], normalized: bool) -> NDArray[np.float64]:
    """Return rows as they are compared: of length 1, or as they are."""
    found = np.asarray(rows, dtype=np.float64)
    if not normalized:
        return found
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(length > 0, length, 1))
