"""``--no-matrix`` against what it cost when each direction was scored by itself.

W1: ranks and diagnostics of both directions, CPU seconds, one thread. The other side is commit
BEFORE, taken from the repository's history; both run in turn, each in a process of its own.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.base import Claim
from benchmarks.command import Workload

BEFORE = "c28adcb"
ROUNDS = 5
RUN = """
import os, sys, time
import vrbench
assert vrbench.__file__.startswith(os.getcwd())
path, method = sys.argv[1:]
once = lambda: vrbench.evaluate(path, method, matrix=False, workers=1)[0]
once()
for _ in sys.stdin:
    start = time.process_time()
    found = once()
    taken = time.process_time() - start
    told = [found["metrics"], {d: {k: round(v, 12) for k, v in found["diagnostics"][d].items()}
            for d in ("t2v", "v2t")}]
    print(taken, repr(told), sep="|", flush=True)
"""


def claims() -> Iterator[Claim]:
    """Compare the times, and count the numbers that differ."""
    root = Path(__file__).parents[1]
    archive = subprocess.run(
        ["git", "-C", str(root), "archive", BEFORE, "vrbench"], capture_output=True, check=False
    )
    if archive.returncode:  # a copy without the history
        return
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        path = Path(folder) / "f.h5"
        Workload(1000, 1000, range(5, 33), 12).write(path)
        for method in ("max-avg", "tokenflow"):
            yield _against(method, path, root, Path(folder))


def _against(method: str, path: Path, new: Path, old: Path) -> Claim:
    ratios = []
    with _running(new, path, method) as ours, _running(old, path, method) as before:
        for _ in range(ROUNDS):
            (mine, told), (theirs, said) = _once(ours), _once(before)
            if told != said:
                raise RuntimeError(f"{method}: {told} was {said}")
            ratios.append(mine / theirs)
    middle = statistics.median(ratios)
    what = f"{method}, W1, --no-matrix: one pass / each direction by itself (same result)"
    return Claim(what, middle, min(ratios), max(ratios), 0.55)


def _running(package: Path, path: Path, method: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(path), method]
    pipe, where = subprocess.PIPE, {"PYTHONPATH": str(package)}
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=package, env=where)


def _once(process: subprocess.Popen[str]) -> tuple[float, str]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    taken, told = process.stdout.readline().split("|")
    return float(taken), told
