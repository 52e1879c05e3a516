"""Action segmentation: the step of every frame, from step names or a linear head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.importing import load_arrays
from vrbench.runtime.inputs import to_numpy

KEYS = ("frames", "labels", "steps", "train_frames", "train_labels")
"""Arrays of a segmentation file."""


def label_frames(frames: Any, steps: Any, background: float | None = None) -> NDArray[np.int64]:
    """Give each frame the step whose name is most similar; the first where some tie.

    Args:
        frames: (n, d) vectors, as they are.
        steps: (k, d) vectors of the steps' names.
        background: similarity below which a frame belongs to no step; None: every frame has one.

    Returns:
        (n,) 0 for the background, else the step, from 1.

    Raises:
        InputError: shapes do not fit.

    Source: Norton Table 4, zero-shot; the threshold is ours, the paper does not give one.
    """
    x, names = to_numpy(frames), to_numpy(steps)
    if x.ndim != 2 or names.ndim != 2 or x.shape[1] != names.shape[1] or not len(names):
        raise InputError(f"frames are {x.shape} and steps {names.shape}, expected (n, d), (k, d).")
    sim = x.astype(np.float64) @ names.astype(np.float64).T
    labels = sim.argmax(axis=1) + 1
    if background is not None:
        labels[sim.max(axis=1, initial=-np.inf) < background] = 0
    return np.asarray(labels)


def linear_head(frames: Any, labels: ArrayLike, test: Any, reg: float = 1.0) -> NDArray[Any]:
    """Label frames by a linear head: ridge regression onto one-hot labels, in closed form.

    ``W = argmin |X W - Y|^2 + reg |W|^2`` on centred frames, with an offset; argmax of the outputs.

    Args:
        frames: (n, d) training frames.
        labels: (n,) the label of each; the background is one of them.
        test: (m, d) frames to label.
        reg: weight > 0 of the penalty.

    Returns:
        (m,) labels.

    Raises:
        InputError: shapes do not fit, or ``reg`` is not positive.

    Deviation: Norton fine-tunes its network with a linear classifier by cross entropy.
    """
    x, unseen, y = to_numpy(frames), to_numpy(test), np.asarray(labels)
    if x.ndim != 2 or unseen.ndim != 2 or x.shape[1] != unseen.shape[1] or y.shape != (len(x),):
        raise InputError(
            f"frames are {x.shape}, labels {y.shape} and test {unseen.shape}, expected (n, d), "
            "(n,), (m, d)."
        )
    if not reg > 0:
        raise InputError(f"reg must be positive, it is {reg}.")
    classes, which = np.unique(y, return_inverse=True)
    x = x.astype(np.float64)
    middle, target = x.mean(axis=0), np.eye(len(classes))[which]
    centred = x - middle
    gram = centred.T @ centred + reg * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (target - target.mean(axis=0)))
    return np.asarray(classes[((unseen - middle) @ weights + target.mean(axis=0)).argmax(axis=1)])


def frame_accuracy(labels: ArrayLike, truth: ArrayLike) -> float:
    """Percent of frames with the right label, the background included.

    Raises:
        InputError: there are no frames, or shapes differ.

    Source: Norton Table 4 (COIN, frame-wise accuracy).
    """
    given, right = np.asarray(labels), np.asarray(truth)
    if given.shape != right.shape or given.ndim != 1 or not len(given):
        raise InputError(f"labels {given.shape} and truth {right.shape} must be (n,) both.")
    return 100 * float((given == right).mean())


def segment_file(
    path: Path, background: float | None = None, reg: float = 1.0
) -> list[dict[str, Any]]:
    """Report the frame accuracy of step names, and of a linear head where there is training data.

    Args:
        path: an npz with ``frames`` (n, d) and ``labels`` (n,), and ``steps`` (k, d), or
            ``train_frames`` and ``train_labels``, or all of them.
        background: as in ``label_frames``.
        reg: as in ``linear_head``.

    Raises:
        InputError: an array is missing or does not fit.
    """
    arrays, _ = load_arrays(path, KEYS)
    for name in ("frames", "labels"):
        if name not in arrays:
            raise InputError(f"{path} has no array {name}: it needs frames (n, d), labels (n,).")
    frames, truth, reports = arrays["frames"], arrays["labels"], []
    if "steps" in arrays:
        given = label_frames(frames, arrays["steps"], background)
        reports.append(_report("step names", given, truth))
    if "train_frames" in arrays and "train_labels" in arrays:
        given = linear_head(arrays["train_frames"], arrays["train_labels"], frames, reg)
        reports.append(_report("linear head", given, truth))
    if not reports:
        raise InputError(f"{path} has neither steps nor train_frames with train_labels.")
    return reports


def _report(how: str, given: NDArray[Any], truth: NDArray[Any]) -> dict[str, Any]:
    largest = np.unique(truth, return_counts=True)[1].max() / len(truth)
    accuracy = frame_accuracy(given, truth)
    return {
        "how": how,
        "frames": len(truth),
        "accuracy": accuracy,
        "largest label": 100 * float(largest),
    }
