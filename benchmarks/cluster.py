"""Two processes by Dask against one, seconds of the clock, with the same ranks.

N x N synthetic items of 12 frames and 5-32 words, 64 and 512 numbers a token; max-avg, no matrix.
N is 20,000 where VRBENCH_CLUSTER_N says nothing else. It says something on a quiet machine with two
free cores only. The overhead is what a task takes that does nothing.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.base import Claim, fact
from benchmarks.command import Workload
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.fingerprint import fingerprint
from vrbench.evaluation.settings import Compute
from vrbench.runtime.backend import Backend
from vrbench.runtime.memory import peak
from vrbench.runtime.schedulers import local

N = int(os.environ.get("VRBENCH_CLUSTER_N", "20000"))
BOUND = 1_500_000_000
TASKS = 500


def claims() -> Iterator[Claim]:
    """Compare the times, and what a worker takes with its bound."""
    if find_spec("distributed") is None or len(os.sched_getaffinity(0)) < 2:
        return
    with tempfile.TemporaryDirectory() as folder:
        for width in (64, 512):
            path = Path(folder) / f"{width}.h5"
            Workload(N, N, range(5, 33), 12, width).write(path)
            yield from _compared(path, f"{N:,} x {N:,}, d {width}")
            path.unlink()
    with local(2, fingerprint) as backend:
        list(backend.map(abs, dict.fromkeys(range(10), -1)))
        start = time.perf_counter()
        list(backend.map(abs, dict.fromkeys(range(TASKS), -1)))
        each = (time.perf_counter() - start) / TASKS
    yield fact("overhead of a task, ms", 1000 * each, 10)


def _compared(path: Path, what: str) -> Iterator[Claim]:
    one, alone = _timed(path, None)
    with local(2, fingerprint) as backend:
        list(backend.map(abs, {i: i for i in range(4)}))  # both have imported everything
        before = _moved()
        two, together = _timed(path, backend)
        moved = (_moved() - before) / 1e6
        peaks = backend.client.run(peak).values()
    yield fact(f"{what}: `--processes 2` / one thread, wall time", two / one, 0.6)
    differ = sum(int(np.count_nonzero(a != b)) for a, b in zip(alone, together, strict=True))
    yield fact(f"{what}: ranks that differ", differ, 0)
    yield fact(f"{what}: MB moved between client, scheduler and workers", moved, None)
    yield fact(f"{what}: largest peak of a worker / its bound", max(peaks) / BOUND, 1)


def _moved() -> int:
    """Bytes that went over the loopback device so far, of all programs."""
    lines = Path("/proc/net/dev").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.split()[0] == "lo:")


def _timed(path: Path, backend: Backend | None) -> tuple[float, list[NDArray[np.float64]]]:
    compute = Compute(workers=1, memory=BOUND, matrix=False, backend=backend)
    start = time.perf_counter()
    evaluation = Evaluation.open(path, compute=compute)
    (found,) = evaluation.run(evaluation.jobs(["max-avg"], ["none"]))
    return time.perf_counter() - start, [found.ranks[d] for d in ("t2v", "v2t")]
