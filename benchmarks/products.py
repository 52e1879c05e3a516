"""Products by numpy's OpenBLAS against those by torch's MKL, on AMD processors with AVX-512.

W1, CPU seconds, one thread; OPENBLAS_CORETYPE is SkylakeX on one side and Haswell, which vrbench
leaves to torch, on the other. Both run in turn, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.base import Claim

ROUNDS = 5
RUN = """
import json, sys, time
import torch
from benchmarks.base import floor, random_items
from vrbench.alignments import parse_method
from vrbench.alignments.engine.driver import score
from vrbench.alignments.engine.product import by_numpy
texts, videos = random_items(1000, range(5, 33), 512, 0), random_items(1000, range(12, 13), 512, 1)
torch.set_num_threads(1)
works = [lambda: floor(texts, videos)]
works += [lambda m=parse_method(m): score(texts, videos, m, workers=1) for m in sys.argv[1:]]
for _ in sys.stdin:
    taken = []
    for work in works:
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    print(json.dumps([by_numpy(), taken]), flush=True)
"""
METHODS = ("max-avg", "tokenflow")


def claims() -> Iterator[Claim]:
    """Compare the times, where there are such kernels."""
    with _running("SkylakeX") as one, _running("Haswell") as other:
        rounds = [(_once(one), _once(other)) for _ in range(ROUNDS + 1)][1:]
    if not all(numpy and not torch for (numpy, _), (torch, _) in rounds):
        sys.stderr.write("another processor, or another library of numpy: nothing is compared\n")
        return
    for i, what in enumerate(("all words x all frames", *METHODS)):
        ratios = [theirs[i] / mine[i] for (_, mine), (_, theirs) in rounds]
        yield Claim(
            f"{what}, W1: times faster by OpenBLAS than by MKL",
            statistics.median(ratios), min(ratios), max(ratios), 1, at_least=True,
        )  # fmt: skip


def _running(kernels: str) -> subprocess.Popen[str]:
    where = {
        **os.environ,
        "OPENBLAS_CORETYPE": kernels,
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    command = [sys.executable, "-c", RUN, *METHODS]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=where)


def _once(process: subprocess.Popen[str]) -> tuple[bool, list[float]]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    by_numpy, taken = json.loads(process.stdout.readline())
    return bool(by_numpy), [float(each) for each in taken]
