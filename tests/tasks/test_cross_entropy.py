"""The linear classifier by cross entropy, against loops over frames and classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.tasks import cross_entropy, cross_entropy_head

Array = NDArray[Any]


def slow_loss(x: Array, y: Array, classes: Array, w: Array, b: Array, reg: float) -> float:
    total = reg / 2 * sum(float(v) ** 2 for v in w.ravel())
    for row, label in zip(x, y, strict=True):
        logits = [float(row @ w[:, k] + b[k]) for k in range(len(classes))]
        own = logits[classes.tolist().index(label)]
        total -= own - math.log(sum(math.exp(v) for v in logits))
    return total


def slow_minimum(x: Array, y: Array, classes: Array, reg: float) -> float:
    """Newton's method on all weights at once, without a step rule: the loss is convex."""
    n, d, k = len(x), x.shape[1], len(classes)
    rows = np.hstack([x, np.ones((n, 1))])
    w = np.zeros((d + 1, k))
    penalty = np.diag([reg] * d + [1e-12])
    for _ in range(60):
        logits = rows @ w
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        slope = rows.T @ (p - np.eye(k)[np.searchsorted(classes, y)]) + penalty @ w
        hessian = np.zeros(((d + 1) * k, (d + 1) * k))
        for row, q in zip(rows, p, strict=True):
            hessian += np.kron(np.outer(row, row), np.diag(q) - np.outer(q, q))
        hessian += np.kron(penalty, np.eye(k))
        w = w - np.linalg.lstsq(hessian, slope.ravel(), rcond=None)[0].reshape(w.shape)
    return slow_loss(x, y, classes, w[:-1], w[-1], reg)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reg", [0.3, 4.0])
def test_the_loss_is_the_least_there_is(seed: int, reg: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((30, 3)) + 5, rng.choice([0, 4, 7], 30)
    found = cross_entropy_head(x, y, reg)
    assert found.classes.tolist() == [0, 4, 7]
    own = slow_loss(x, y, found.classes, found.weights, found.offsets, reg)
    assert own == pytest.approx(slow_minimum(x, y, found.classes, reg), abs=1e-9)
    assert found.gradient < 1e-6


def test_blocks_change_nothing_and_labels_are_those_of_the_largest_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((50, 4)), rng.choice(["a", "b", "c"], 50)
    whole = cross_entropy_head(x, y)
    monkeypatch.setattr(cross_entropy, "BLOCK", 12)
    parts = cross_entropy_head(x, y)
    np.testing.assert_allclose(parts.weights, whole.weights, atol=1e-6)
    outputs = [[float(row @ w) for w in parts.weights.T] for row in x]
    expected = [parts.classes[int(np.argmax(np.array(o) + parts.offsets))] for o in outputs]
    assert parts.label(x).tolist() == expected
    shifted = cross_entropy_head(x + 100, y)
    assert shifted.label(x + 100).tolist() == whole.label(x).tolist()


def test_classes_that_are_apart_are_told_apart() -> None:
    rng = np.random.default_rng(4)
    y = np.repeat(np.arange(4), 10)
    x = 10 * np.eye(4)[y] + rng.standard_normal((40, 4))
    assert cross_entropy_head(x, y).label(x).tolist() == y.tolist()
    assert cross_entropy_head(x, np.ones(40)).label(x).tolist() == [1] * 40


@pytest.mark.parametrize(
    ("frames", "labels", "reg", "says"),
    [
        (np.zeros((3, 2)), [0, 1], 1.0, "expected"),
        (np.zeros((0, 2)), [], 1.0, "expected"),
        (np.array([[1.0, np.nan]]), [0], 1.0, "NaN or infinity"),
        (np.eye(2), [0, 1], 0.0, "reg must be positive"),
        (np.eye(2), [0, 1], np.nan, "reg must be positive"),
    ],
)
def test_wrong_training_data_are_one_sentence(
    frames: Array, labels: Any, reg: float, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        cross_entropy_head(frames, labels, reg)
