"""``--no-matrix`` against the floor, and against each direction scored by itself.

W1: ranks and diagnostics of both directions, CPU seconds, one thread; the floor is one ragged
product of all words with all frames. What scored each direction by itself is commit BEFORE, taken
from the repository's history; both run in turn, each in a process of its own, with the products of
torch.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.base import Claim, compare, floor
from benchmarks.command import Workload
from vrbench import evaluate
from vrbench.features import Tokens, open_features

WORK = Workload(1000, 1000, range(5, 33), 12)
BEFORE = "c28adcb"
ROUNDS = 5
RUN = """
import json, os, sys, time
import vrbench
assert vrbench.__file__.startswith(os.getcwd())
from vrbench.alignments.engine import driver
driver.ours = lambda *_: False  # products by torch on both sides, for the same bits
path, method = sys.argv[1:]
once = lambda: vrbench.evaluate(path, method, matrix=False, workers=1)[0]
once()
for _ in sys.stdin:
    start = time.process_time()
    found = once()
    taken = time.process_time() - start
    told = {d: found["metrics"][d] | found["diagnostics"][d] for d in ("t2v", "v2t")}
    told = {d: {k: round(v, 12) for k, v in numbers.items()} for d, numbers in told.items()}
    print(taken, json.dumps(told), sep="|", flush=True)
"""


def claims() -> Iterator[Claim]:
    """Compare the times; two results that differ are an error."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.h5"
        WORK.write(path)
        features = open_features(path)
        texts, videos = map(_single, (features.text, features.video))
        for method, target in (("max-avg", 1.3), ("tokenflow", 1.75)):
            ours = partial(evaluate, path, method, matrix=False, workers=1)
            what = f"{method}, W1, `--no-matrix` / floor"
            yield compare(what, ours, partial(floor, texts, videos), target=target)
        yield from _against_before(Path(folder), path)


def _single(side: Tokens) -> Tokens:
    """Read a side in the type that products are made in."""
    block = side.block(0, len(side))
    return replace(block, tokens=np.asarray(block.tokens, np.float32))


def _against_before(folder: Path, path: Path) -> Iterator[Claim]:
    root = Path(__file__).parents[1]
    archive = subprocess.run(
        ["git", "-C", str(root), "archive", BEFORE, "vrbench"], capture_output=True, check=False
    )
    if archive.returncode:  # a copy without the history
        return
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    for method in ("max-avg", "tokenflow"):
        yield _against(method, path, root, folder)


def _against(method: str, path: Path, new: Path, old: Path) -> Claim:
    ratios = []
    with _running(new, path, method) as ours, _running(old, path, method) as before:
        for _ in range(ROUNDS):
            (mine, told), (theirs, said) = _once(ours), _once(before)
            known = {d: {k: told[d][k] for k in numbers} for d, numbers in said.items()}
            if known != said:
                raise RuntimeError(f"{method}: {known} was {said}")
            ratios.append(mine / theirs)
    middle = statistics.median(ratios)
    what = f"{method}, W1, `--no-matrix`: one pass / each direction by itself (same result)"
    return Claim(what, middle, min(ratios), max(ratios), 0.55)


def _running(package: Path, path: Path, method: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(path), method]
    where = {**os.environ, "PYTHONPATH": str(package)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=package, env=where)


def _once(process: subprocess.Popen[str]) -> tuple[float, dict[str, dict[str, float]]]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    taken, told = process.stdout.readline().split("|")
    return float(taken), json.loads(told)
