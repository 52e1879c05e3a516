"""W3 and W4 whole, once: ``vrbench eval`` with tokenflow under ``--memory 2GB``.

W3 is 27,763 texts of 5-32 words x 670 videos of 12 frames, W4 4,917 texts of 20-64 words x 4,917
videos of 64 frames; 512 numbers a token. CPU seconds are the command's, from its start to its
table; the floor is one product of the same number of tokens, timed before and after on a share.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import torch

from benchmarks.base import Claim, fact, floor, random_items, seconds
from benchmarks.command import Workload, evaluate
from vrbench.runtime.memory import MB

WORKLOADS = {
    "W3": Workload(27_763, 670, range(5, 33), 12),
    "W4": Workload(4917, 4917, range(20, 65), 64),
}
BOUND = 2000
SHARE = 300
"""Texts and videos of which the floor is timed."""


def claims() -> Iterator[Claim]:
    """Run both, each beside its floor."""
    torch.set_num_threads(1)
    for name, size in WORKLOADS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "f.h5"
            size.write(path)
            before = _floor(size)
            taken = evaluate(path, "--memory", f"{BOUND}MB")
            least, most = sorted((before, _floor(size)))
        what = f"{name} whole, {taken.seconds:,.0f} CPU s, peak {taken.peak / MB:,.0f} MB"
        ratio = taken.seconds / mean((least, most))
        spread = taken.seconds / most, taken.seconds / least
        share = min(SHARE, size.texts), min(SHARE, size.videos)
        yield Claim(f"{what}: time / floor (of {share[0]} x {share[1]} items)", ratio, *spread)
        yield fact(f"{name} whole: peak / --memory {BOUND}MB", taken.peak / (BOUND * MB), 1)


def _floor(size: Workload) -> float:
    """CPU seconds of the product of all words with all frames, from a share of the items."""
    n, m = min(SHARE, size.texts), min(SHARE, size.videos)
    texts = random_items(n, size.words, size.width, 0)
    videos = random_items(m, range(size.frames, size.frames + 1), size.width, 1)
    once = min(seconds(lambda: floor(texts, videos)) for _ in range(3))
    return once * (size.texts / n) * (size.videos / m)
