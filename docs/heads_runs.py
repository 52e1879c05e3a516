"""Trainings of the page on heads, each in a process of its own.

Everything lies in ``build/heads``; an interrupted run carries on there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from vrbench.heads import parse_head
from vrbench.heads.file import load
from vrbench.heads.head import Head
from vrbench.results import identity

BUILD = Path("build") / "heads"
SEEDS = (0, 1, 2)
EPOCHS = 2
RATES = (1e-4, 3e-4)
"""Learning rates that are tried, each with the first seed."""
ONE_RATE = ("emd",)
"""Alignments that take the first rate: they are trained for too long to try others."""
AT_ONCE = 2
"""Trainings side by side, with one thread each."""


@dataclass(frozen=True)
class Training:
    """What decides a training besides its seed.

    Attributes:
        method: spec of the alignment.
        loss: spec.
        head: spec.
        lr: learning rate at its height.
        queue: queries kept as a bank.
        epochs: 0: the projection in closed form alone, behind which ``linear`` is the identity.
    """

    method: str
    loss: str = "infonce"
    head: str = "projection+linear"
    lr: float = RATES[0]
    queue: int = 0
    epochs: int = EPOCHS


CLOSED = Training("global", epochs=0)
SUM = "0.5*global+0.5*tokenflow"
Run = tuple[Training, int]


@dataclass(frozen=True)
class Trained:
    """A head on disk.

    Attributes:
        path: of its file.
        seconds: of its process, CPU seconds.
        megabytes: largest resident size of that process.
    """

    path: Path
    seconds: float
    megabytes: float

    def head(self) -> Head:
        """Read it."""
        return load(self.path)

    @property
    def curve(self) -> list[float]:
        """The sum of R@1, R@5 and R@10 of both directions, before training and after each epoch."""
        return [float(row["sum"]) for row in self.head().about["validation"]]

    def validation(self, *, before: bool = False) -> float:
        """Return the curve's value at the best epoch, or before training."""
        return self.curve[0 if before else self.head().about["best"]]


def tried(
    fit: Path, trainings: Iterable[Training], rates: Sequence[float] = RATES
) -> dict[Training, dict[Training, float]]:
    """Return each training with each learning rate, and how it validates with the first seed."""
    tries = {one: _tries(one, rates) for one in trainings}
    made = train(fit, [(each, SEEDS[0]) for some in tries.values() for each in some])
    return {
        one: {each: made[each, SEEDS[0]].validation() for each in some}
        for one, some in tries.items()
    }


def _tries(one: Training, rates: Sequence[float]) -> list[Training]:
    return [one] if one.method in ONE_RATE else [replace(one, lr=lr) for lr in rates]


def train(fit: Path, runs: Sequence[Run]) -> dict[Run, Trained]:
    """Train what is not there yet; the closed form is fitted once for each seed.

    Args:
        fit: feature file of the training videos.
        runs: trainings and their seeds.
    """
    begun = [start for run in runs if (start := _begun(*run)) is not None]
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def made(wanted: Iterable[Run]) -> dict[Run, Trained]:
            once = list(dict.fromkeys(wanted))
            return dict(zip(once, pool.map(lambda run: _train(fit, *run), once), strict=True))

        made(begun)
        return made(runs)


def _begun(training: Training, seed: int) -> Run | None:
    """Return the closed form that a training begins with."""
    closed = CLOSED, seed
    return closed if "projection" in training.head and training.epochs else None


def _path(training: Training, seed: int) -> Path:
    return BUILD / f"{identity(asdict(training) | {'seed': seed})}.safetensors"


def _train(fit: Path, training: Training, seed: int) -> Trained:
    path, begun = _path(training, seed), _begun(training, seed)
    about = path.with_suffix(".json")
    if not (path.is_file() and about.is_file()):
        options: dict[str, object] = {
            "--method": training.method,
            "--loss": training.loss,
            "--lr": training.lr,
            "--queue": training.queue,
            "--seed": seed,
            "--epochs": training.epochs,
            "--out": path,
        }
        if begun is not None:
            options["--from"] = _begins(_path(*begun), training.head)
        given = [str(part) for option in options.items() for part in option]
        command = [sys.executable, "-m", "vrbench", "train", training.head, str(fit), *given, "-q"]
        about.write_text(json.dumps(_run(command)), "utf-8")
    return Trained(path, **json.loads(about.read_text(encoding="utf-8")))


def _begins(closed: Path, head: str) -> Path:
    """Return the closed form as the start of a head that has more parts: these begin with zeros."""
    if head == CLOSED.head:
        return closed
    path = closed.with_name(f"{closed.stem}-{head}.safetensors")
    known, spec = load(closed), parse_head(head)
    zeros = {
        f"{name}.{key}": np.zeros([axis for axis in shape if isinstance(axis, int)], np.float32)
        for name, part in spec.parts.items()
        if name not in known.spec.parts
        for key, shape in part.shapes().items()
    }
    Head(spec, {**known.weights, **zeros}, known.about).save(path)
    return path


def _run(command: Sequence[str]) -> dict[str, float]:
    """Run a command with one thread; return its CPU seconds, and its largest resident size."""
    one = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env={**os.environ, **one})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
    seconds = round(usage.ru_utime + usage.ru_stime, 1)
    return {"seconds": seconds, "megabytes": round(usage.ru_maxrss / 1000)}
