"""``PYTHONPATH=tests python -m fuzz``: damaged files for every reader; 1: something is found."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")

from fuzz.targets import TARGETS, Target
from fuzz.worker import Finding, Ran, made, run, write

STEP = 2000
"""Inputs that a child takes."""


def main() -> int:
    """Fuzz, print a line a target, and save the inputs that were not refused in a sentence."""
    ask = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    ask.add_argument("--seconds", type=float, default=60, help="time for all targets together")
    ask.add_argument("--inputs", type=int, default=0, help="inputs of a target at most; 0: any")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--guided", action="store_true", help="half of the time led by atheris")
    ask.add_argument("--only", default="", help="targets whose name begins so, a,b")
    ask.add_argument("--index", type=int, default=-1, help="run this input of the target again")
    ask.add_argument("--found", type=Path, default=Path("build/fuzz"), help="where to save inputs")
    given = ask.parse_args()
    targets = [target for target in TARGETS if target.name.startswith(tuple(given.only.split(",")))]
    if given.index >= 0:
        write(made(targets[0], given.seed, given.index), given.found)
        targets[0].read(given.found)
        return 0
    total, begun = Counter[str](), time.monotonic()
    for number, target in enumerate(targets):
        left = given.seconds - (time.monotonic() - begun)
        share = left * target.weight / sum(later.weight for later in targets[number:])
        if given.guided:
            share /= 2
            total.update(findings=_guided(target, given.seed, share, given.found))
        ran = _fuzz(target, given.seed, given.inputs or sys.maxsize, share)
        _report(target, ran, given.found)
        total.update(inputs=ran.inputs, findings=len(ran.findings))
    print(f"{total['inputs']:,} inputs in {time.monotonic() - begun:.0f} s, seed {given.seed}.")
    return 1 if total["findings"] else 0


def _guided(target: Target, seed: int, seconds: float, found: Path) -> bool:
    """Let atheris lead, and return whether it found something; where it is not there, nothing."""
    if find_spec("atheris") is None or seconds < 2:
        return False
    words = [sys.executable, "-m", "fuzz.guided", target.name, str(int(seconds)), str(seed)]
    done = subprocess.run([*words, str(found)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{target.name}, guided: FOUND\n{done.stderr[-3000:]}", flush=True)
    return done.returncode != 0


def _fuzz(target: Target, seed: int, count: int, seconds: float) -> Ran:
    ran, end = Ran(), time.monotonic() + seconds
    while ran.inputs < count and time.monotonic() < end:
        step = min(STEP, count - ran.inputs)
        part = run(target, seed, ran.inputs, step, end - time.monotonic())
        if not part.inputs:
            break
        ran.inputs += part.inputs
        ran.accepted += part.accepted
        ran.peak = max(ran.peak, part.peak)
        ran.behind += part.behind
        known = {(one.kind, one.where) for one in ran.findings}
        ran.findings += [one for one in part.findings if (one.kind, one.where) not in known]
    return ran


def _report(target: Target, ran: Ran, folder: Path) -> None:
    share = 100 * ran.accepted / max(ran.inputs, 1)
    peak = ran.peak // 10**6
    print(
        f"{target.name:28} {ran.inputs:9,} inputs, {share:3.0f} % accepted, + {peak} MB", flush=True
    )
    for finding in ran.findings:
        place = _save(target, finding, folder)
        print(
            f"  FOUND {finding.kind} at {finding.where}, input {finding.index}: {place}", flush=True
        )
    for what, count in ran.behind.most_common(5):
        print(f"  behind the door: {what}, {count} times")


def _save(target: Target, finding: Finding, folder: Path) -> Path:
    place = folder / f"{target.name}-{finding.seed}-{finding.index}"
    place.parent.mkdir(parents=True, exist_ok=True)
    write(made(target, finding.seed, finding.index), place)
    return place


if __name__ == "__main__":
    sys.exit(main())
