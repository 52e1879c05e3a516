"""Running a command of vrbench in a process of its own on random features, and what that took."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.base import random_items
from vrbench.features.writer import FeatureWriter

MEASURED = """
import sys
from vrbench.cli import main
from vrbench.runtime.memory import peak
try:
    main()
finally:
    print(peak(), file=sys.stderr)
"""
IMPORTS = """
import h5py, vrbench.cli.app, vrbench.evaluation.run
from vrbench.runtime.memory import imports
print(imports())
"""
CHUNK = 500
"""Items that are made and written at once."""


@dataclass(frozen=True)
class Taken:
    """What a run took.

    Attributes:
        peak: largest resident memory, bytes.
        seconds: CPU seconds, all threads together.
    """

    peak: int
    seconds: float


@dataclass(frozen=True)
class Workload:
    """How many items of how many tokens; videos have as many frames each."""

    texts: int
    videos: int
    words: range
    frames: int
    width: int = 512

    def write(self, path: Path, bank: Workload | None = None) -> None:
        """Write a float16 feature file; texts belong to videos in turn."""
        with FeatureWriter(path, {"normalized": True}, "float16") as writer:
            for prefix, part in (("", self), ("bank/", bank)):
                if part is not None:
                    part._append(writer, prefix)
            writer.finish()

    def _append(self, writer: FeatureWriter, prefix: str) -> None:
        owner = np.arange(self.texts) % self.videos
        frames = range(self.frames, self.frames + 1)
        for side, n, lengths in (("video", self.videos, frames), ("text", self.texts, self.words)):
            for start in range(0, n, CHUNK):
                rows = range(start, min(start + CHUNK, n))
                seed = 4 * start + 2 * bool(prefix) + (side == "text")
                items = random_items(len(rows), lengths, self.width, seed)
                ids = np.array([f"{prefix}{i}" for i in rows])
                columns = {"video": owner[rows.start : rows.stop]} if side == "text" else {}
                writer.append(prefix + side, replace(items, ids=ids, item_columns=columns))


def evaluate(path: Path, *options: str) -> Taken:
    """Run ``vrbench eval``; results are made again and left beside the features."""
    return run("eval", *_eval(path, *options))


def run(*words: str) -> Taken:
    """Run a command of vrbench."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = _run(*words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(int(done.stderr.split()[-1]), seconds)


def imports() -> int:
    """Return the resident memory of a process that has imported what ``eval`` imports."""
    command = [sys.executable, "-c", IMPORTS]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def least(path: Path, *options: str) -> int:
    """Return the smallest ``--memory`` that a run is not refused at, in MB."""
    bound = 1
    while True:
        done = _run("eval", *_eval(path, *options, "--memory", f"{bound}MB", "--dry-run"))
        found = re.search(r"give at least (\d+)MB", done.stderr)
        if not found:
            return bound
        bound = int(found[1])


def _eval(path: Path, *options: str) -> tuple[str, ...]:
    return str(path), "--out", str(path.parent), "--overwrite", "-q", *options


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    """Start it from a shell: a child of this process would begin with its size."""
    command = ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, "-c", MEASURED, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)
