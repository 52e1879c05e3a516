"""Timing two things against each other, so that a noisy machine is noisy for both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from vrbench.alignments.engine.product import one_thread_each, product
from vrbench.features.tokens import Tokens, offsets_of


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

    By the library that scoring uses, in one thread.
    """
    rows, columns = torch.as_tensor(texts.tokens), torch.as_tensor(videos.tokens)
    with one_thread_each():
        for i in range(0, len(rows), 1024):
            for j in range(0, len(columns), 768):
                _ = product(rows[i : i + 1024], columns[j : j + 768])


def random_items(n: int, lengths: range, width: int, seed: int) -> Tokens:
    """Make n items of random length with random tokens."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(np.asarray(lengths), n)
    tokens = rng.standard_normal((int(chosen.sum()), width)).astype(np.float32)
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    return Tokens(np.arange(n).astype(str), tokens, offsets_of(chosen), name="benchmark")
