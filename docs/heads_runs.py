"""Trainings of the page on heads, each in a process of its own.

Everything lies in ``build/heads``; an interrupted run carries on there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
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
EPOCHS = 3
RATES = (3e-5, 1e-4, 3e-4)
"""Learning rates that are tried, each with the first seed."""
FROM_IDENTITY = 3e-4
"""That of a head without a closed form, which has further to go."""
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
    lr: float = RATES[1]
    queue: int = 0
    epochs: int = EPOCHS


CLOSED = Training("global", epochs=0)
SUM = "0.5*global+0.5*tokenflow"
TRIED = ("global", SUM)
"""Alignments that the rates are tried with."""
QUEUE = 16384
"""Queries that a training keeps, as NCL does; they change nothing of the training itself."""
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

    def validation(self, *, before: bool = False) -> float:
        """Return the best epoch's sum of R@1, R@5 and R@10 of both directions, or the start's."""
        about = self.head().about
        return float(about["validation"][0 if before else about["best"]]["sum"])


def chosen(fit: Path, trainings: Iterable[Training]) -> dict[Training, Training]:
    """Return each training with the learning rate that validates best, with the first seed.

    They are tried with the loss ``infonce``, for the vectors and for the sum with the tokens; other
    losses and alignments take over the rate of theirs.
    """
    wanted = list(trainings)
    tries = {method: [Training(method, lr=lr, queue=QUEUE) for lr in RATES] for method in TRIED}
    made = train(fit, [(each, SEEDS[0]) for some in tries.values() for each in some])
    best = {
        method: max(some, key=lambda each: made[each, SEEDS[0]].validation()).lr
        for method, some in tries.items()
    }
    return {one: replace(one, lr=_rate(one, best)) for one in wanted}


def _rate(one: Training, best: Mapping[str, float]) -> float:
    if "projection" not in one.head:
        return FROM_IDENTITY
    return best.get(one.method, best[SUM])


def train(fit: Path, runs: Sequence[Run]) -> dict[Run, Trained]:
    """Train what is not there yet; the closed form is fitted once for each head and seed.

    Args:
        fit: feature file of the training videos.
        runs: trainings and their seeds.
    """
    begun = {run: _begun(*run) for run in runs}
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def made(wanted: Iterable[Run]) -> dict[Run, Trained]:
            once = list(dict.fromkeys(wanted))
            return dict(zip(once, pool.map(lambda run: _train(fit, *run), once), strict=True))

        made(start for start in begun.values() if start is not None)
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
