"""Action segmentation: the step of every frame, from step names or a linear head."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy


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

    Deviation: Norton fine-tunes its network with a linear classifier by cross entropy
    (``cross_entropy_head``).
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
