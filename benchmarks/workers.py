"""Two workers against one: seconds of the clock, and the same bits.

W1 with tokenflow and max-avg, 200 x 200 of its items with emd. It says something on a quiet machine
with two free cores only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.base import Claim, compare, fact, random_items
from vrbench.alignments import parse_method
from vrbench.alignments.engine.driver import score


def claims() -> Iterator[Claim]:
    """Compare the times, and count the similarities that differ."""
    if len(os.sched_getaffinity(0)) < 2:
        return
    sides = random_items(1000, range(5, 33), 512, 0), random_items(1000, range(12, 13), 512, 1)
    few = sides[0].block(0, 200), sides[1].block(0, 200)
    for spec, name, (texts, videos) in (
        ("tokenflow", "W1", sides), ("max-avg", "W1", sides), ("emd", "200 x 200", few),
    ):  # fmt: skip
        method = parse_method(spec)
        one, two = (partial(score, texts, videos, method, workers=n) for n in (1, 2))
        what = f"{spec}, {name}, two workers / one"
        yield compare(f"{what}: wall time", two, one, target=0.62, clock=time.perf_counter)
        first, second = one(), two()
        differ = sum(
            int(np.count_nonzero(a != b))
            for a, b in ((first.t2v, second.t2v), (first.v2t, second.v2t))
        )
        yield fact(f"{what}: similarities that differ", differ, 0)
