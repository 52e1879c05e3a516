"""Estimating the time and memory of scoring from a small sample of the items."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np

from vrbench.alignments import Method
from vrbench.alignments.base import TokenAlignment
from vrbench.alignments.engine.driver import score
from vrbench.alignments.engine.fused import compiles
from vrbench.alignments.engine.reading import TOKEN_BYTES
from vrbench.alignments.functions import FunctionAlignment
from vrbench.evaluation.plan import Job
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.scorer import UNBOUNDED
from vrbench.features.tokens import Tokens
from vrbench.runtime.memory import imports

LONG = 10.0
"""Seconds from which a run is announced."""
SAMPLE_WORDS, SAMPLE_FRAMES = 4000, 2000
"""Tokens of the sample."""
FEW = 8
"""How many times smaller each side of it is for functions that are called for each pair."""
ENOUGH, ROUNDS = 0.5, 6
"""Seconds in which it is scored again, and how often at most: the fastest counts."""


@dataclass(frozen=True)
class Estimate:
    """What a job costs.

    The time of a norm is not in it: no small share tells it, as iterations end by the data, and a
    bank that memory does not hold is read again, or sorted on disk.

    Attributes:
        pairs: similarities to compute.
        products: dot products of tokens.
        seconds: of scoring.
        memory: bytes at the peak.
        compiled: whether numba does the reductions.
        most: whether it may be much less: ``emd`` by bounds, if every pair had to be solved.
    """

    pairs: int
    products: int
    seconds: float
    memory: int
    compiled: bool
    most: bool = False

    def __str__(self) -> str:
        tokens = f"{self.pairs:,} pairs x {self.products / max(self.pairs, 1):,.0f} token products"
        by = "numba" if self.compiled else "torch"
        about = "at most" if self.most else "about"
        time = f"scoring by {by} takes {about} {_time(self.seconds)}"
        return f"{tokens}, {time}, {self.memory / 1e6:,.0f} MB"


def estimate(source: Source, job: Job, compute: Compute) -> Estimate | None:
    """Estimate a job; None where similarities are given."""
    sides = source.sides(job.bank)
    if job.method is None or not sides:
        return None
    text, video = sides[0]
    products = sum(int(a.offsets[-1]) * int(b.offsets[-1]) for a, b in sides)
    width = 8 if compute.precision == "double" else 4
    levels = max(1, len(job.method.levels))
    matrices = 2 * len(text) * len(video) * (levels * width + (8 if job.norm.needs_bank else 0))
    folded = not source.keeps_matrix(job.bank, job.method)
    held = sum(min(UNBOUNDED, int(s.offsets[-1]) * s.dim * TOKEN_BYTES) for s in (text, video))
    memory = imports() + held + (0 if folded else matrices)
    bounded = folded and source.bounds(job.method) is not None
    seconds = products / _rate(job.method, text, video, compute)
    fast = compute.precision == "single" and compiles(job.method, text.normalized)
    bound = memory if compute.memory is None else min(memory, compute.memory)
    return Estimate(source.pairs(job.bank), products, seconds, bound, fast, bounded)


def _rate(method: Method, text: Tokens, video: Tokens, compute: Compute) -> float:
    """Token products a second, from a sample spread over the items."""
    if not any(isinstance(part, TokenAlignment) for _, part in method.terms):
        return float("inf")
    calls = any(isinstance(part, FunctionAlignment) for _, part in method.terms)
    few = FEW if calls else 1
    texts, videos = _sample(text, SAMPLE_WORDS // few), _sample(video, SAMPLE_FRAMES // few)
    took: list[float] = []
    # the first time, things are imported and compiled; a short time says little once
    while len(took) < 2 or (sum(took[1:]) < ENOUGH and len(took) < ROUNDS):
        start = time.perf_counter()
        score(texts, videos, method, precision=compute.precision, device=compute.device, workers=1)
        took.append(time.perf_counter() - start)
    threads = 1 if calls else compute.workers or len(os.sched_getaffinity(0))
    return int(texts.offsets[-1]) * int(videos.offsets[-1]) / min(took) * threads


def _sample(side: Tokens, tokens: int) -> Tokens:
    n = max(1, round(tokens / float(side.lengths.mean())))
    start = max(0, (len(side) - n) // 2)
    return side.block(start, min(start + n, len(side)))


def _time(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{np.ceil(seconds):.0f} s"
