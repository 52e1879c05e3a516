"""Timing two things against each other, so that a noisy machine is noisy for both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vrbench.features.tokens import Tokens, offsets_of

Array = NDArray[Any]


@dataclass(frozen=True)
class Claim:
    """One row of the report.

    Attributes:
        what: what is compared with what.
        ratio: median of the ratios of the rounds.
        low: smallest.
        high: largest.
        target: the largest ratio that meets the target, or the smallest where ``at_least``.
        at_least: whether more is better.
    """

    what: str
    ratio: float
    low: float
    high: float
    target: float | None = None
    at_least: bool = False

    @property
    def met(self) -> str:
        """Return whether the median meets the target."""
        if self.target is None:
            return ""
        good = self.ratio >= self.target if self.at_least else self.ratio <= self.target
        return "yes" if good else "no"


def compare(
    what: str,
    ours: Callable[[], object],
    other: Callable[[], object],
    *,
    rounds: int = 5,
    target: float | None = None,
    at_least: bool = False,
    scale: float = 1.0,
    clock: Callable[[], float] = time.process_time,
) -> Claim:
    """Time ``ours`` and ``other`` in turn, CPU seconds; the ratio is ours / other.

    With ``at_least`` it is other / ours: how many times faster ours is. ``scale`` multiplies the
    other side's time, where it does only a part of the work. ``clock`` may be another one.
    """
    ratios = []
    ours()  # what is compiled, imported or read for the first time is not timed
    for _ in range(rounds):
        mine, theirs = seconds(ours, clock), seconds(other, clock) * scale
        ratios.append(theirs / mine if at_least else mine / theirs)
    middle = statistics.median(ratios)
    return Claim(what, middle, min(ratios), max(ratios), target, at_least)


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """CPU seconds of a call, all threads together."""
    start = clock()
    work()
    return clock() - start


def fact(what: str, value: float, target: float | None = None) -> Claim:
    """Return a number that needs no timing."""
    return Claim(what, value, value, value, target)


def floor(texts: Tokens, videos: Tokens) -> None:
    """Multiply all words with all frames in tiles of 1024 x 768: what no method can avoid.

    In one thread, by the library of torch or numpy that is faster here.
    """
    rows, columns = texts.tokens, videos.tokens
    multiply = LIBRARIES[fastest()]
    with threadpool_limits(1):
        for i in range(0, len(rows), 1024):
            for j in range(0, len(columns), 768):
                multiply(rows[i : i + 1024], columns[j : j + 768])


def _by_torch(rows: Array, columns: Array) -> None:
    torch.mm(torch.as_tensor(rows), torch.as_tensor(columns).mT)


def _by_numpy(rows: Array, columns: Array) -> None:
    np.matmul(rows, columns.T)


LIBRARIES: dict[str, Callable[[Array, Array], None]] = {"torch": _by_torch, "numpy": _by_numpy}


@cache
def fastest() -> str:
    """Return the library that multiplies two tiles in the least time."""
    rng = np.random.default_rng(0)
    rows, columns = (rng.standard_normal((n, 512), dtype=np.float32) for n in (1024, 768))
    times: dict[str, float] = {}
    with threadpool_limits(1):
        for _ in range(9):
            for name, multiply in LIBRARIES.items():
                taken = seconds(partial(multiply, rows, columns))
                times[name] = min(taken, times.get(name, taken))
    return min(times, key=times.__getitem__)


def random_items(n: int, lengths: range, width: int, seed: int) -> Tokens:
    """Make n items of random length with random tokens."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(np.asarray(lengths), n)
    tokens = rng.standard_normal((int(chosen.sum()), width)).astype(np.float32)
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    return Tokens(np.arange(n).astype(str), tokens, offsets_of(chosen), name="benchmark")
