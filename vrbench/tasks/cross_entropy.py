"""A linear classifier by cross entropy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy

BLOCK = 8_000_000
"""Most logits that are in memory at once."""
ITERATIONS = 1000
"""Most steps of L-BFGS."""
FLAT = 1e-7
"""Largest entry of the gradient, by training frame, at which it ends."""

Float = NDArray[np.float64]


class Classifier(NamedTuple):
    """A linear classifier.

    Attributes:
        classes: (k,) its labels.
        weights: (d, k).
        offsets: (k,).
        gradient: largest entry of the mean loss's gradient where it ended; 0 at the minimum.
    """

    classes: NDArray[Any]
    weights: Float
    offsets: Float
    gradient: float

    def label(self, frames: Any) -> NDArray[Any]:
        """(m, d) -> (m,) the label with the largest output; the first of equal ones."""
        found = [
            (to_numpy(frames)[rows].astype(np.float64) @ self.weights + self.offsets).argmax(axis=1)
            for rows in _blocks(len(frames), len(self.classes))
        ]
        return np.asarray(self.classes[np.concatenate(found)])


def cross_entropy_head(frames: Any, labels: ArrayLike, reg: float = 1.0) -> Classifier:
    """Fit a linear classifier by cross entropy, the whole training set at every step.

    ``argmin_W,b -sum_i log softmax(x_i W + b)[y_i] + reg / 2 |W|^2``, which has one minimum; by
    L-BFGS in float64 from W = 0, on centred frames (which changes b only).

    Args:
        frames: (n, d) training frames.
        labels: (n,) the label of each; the background is one of them.
        reg: weight > 0 of the penalty.

    Raises:
        InputError: shapes do not fit, a value is not finite, or ``reg`` is not positive.

    Source: Norton Table 4, "a one-layer classification head". Deviation: on stored features, to
    the minimum; the papers train it in steps together with the encoder.
    """
    from scipy.optimize import minimize

    x, y = to_numpy(frames), np.asarray(labels)
    check_training(x, y, reg)
    classes, which = np.unique(y, return_inverse=True)
    n, d, k = len(x), x.shape[1], len(classes)
    middle = x.mean(axis=0, dtype=np.float64)

    def loss(flat: Float) -> tuple[float, Float]:
        weights, offsets = flat[: d * k].reshape(d, k), flat[d * k :]
        total, slope, shift = 0.5 * reg * float((weights**2).sum()), reg * weights, np.zeros(k)
        for rows in _blocks(n, k):
            part = x[rows].astype(np.float64) - middle
            cost, error = _cross_entropy(part @ weights + offsets, which[rows])
            total += cost
            slope = slope + part.T @ error
            shift += error.sum(axis=0)
        return total / n, np.concatenate([slope.ravel(), shift]) / n

    options: Any = {"maxiter": ITERATIONS, "maxfun": 2 * ITERATIONS, "gtol": FLAT, "ftol": 0.0}
    start: Any = np.zeros(d * k + k)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    weights, offsets = found.x[: d * k].reshape(d, k), found.x[d * k :]
    gradient = float(np.abs(found.jac).max())
    return Classifier(classes, weights, offsets - middle @ weights, gradient)


def check_training(frames: NDArray[Any], labels: NDArray[Any], reg: float) -> None:
    """Refuse training data that do not fit.

    Raises:
        InputError: shapes do not fit, a value is not finite, or ``reg`` is not positive.
    """
    if frames.ndim != 2 or not frames.size or labels.shape != (len(frames),):
        raise InputError(
            f"Training frames are {frames.shape} and labels {labels.shape}, expected (n, d), (n,)."
        )
    for rows in _blocks(len(frames), frames.shape[1]):
        if not np.isfinite(frames[rows]).all():
            raise InputError("A training frame holds NaN or infinity: leave it out.")
    if not 0 < reg < np.inf:
        raise InputError(f"reg must be positive, it is {reg}.")


def _cross_entropy(logits: Float, which: NDArray[np.int64]) -> tuple[float, Float]:
    """Return the sum of the losses, and its gradient by the logits."""
    rows = np.arange(len(logits))
    logits -= logits.max(axis=1, keepdims=True)
    own = logits[rows, which]
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1, keepdims=True)
    cost = float((np.log(sums[:, 0]) - own).sum())
    logits /= sums
    logits[rows, which] -= 1
    return cost, logits


def _blocks(n: int, width: int) -> Iterator[slice]:
    step = max(1, BLOCK // max(width, 1))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))
