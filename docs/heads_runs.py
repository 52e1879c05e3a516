"""Trainings of the page on heads, each in a process of its own, and what they give on the test set.

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
from typing import Any

import numpy as np

from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.tuning import choose
from vrbench.heads.file import load
from vrbench.heads.head import Head
from vrbench.results import Result, identity
from vrbench.sims.sim import DIRECTIONS

BUILD = Path("build") / "heads"
SEEDS = (0, 1, 2)
EPOCHS = 2
RATES = (1e-4, 3e-4)
"""Learning rates that are tried, each with the first seed."""
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

    def validation(self) -> float:
        """Return the best epoch's sum of R@1, R@5 and R@10 of both directions."""
        about = self.head().about
        return float(about["validation"][about["best"]]["sum"])


def chosen(fit: Path, trainings: Iterable[Training]) -> dict[Training, Training]:
    """Return each training with the learning rate that validates best, with the first seed."""
    wanted = list(trainings)
    tries = {one: _tries(one) for one in wanted}
    runs = dict.fromkeys((each, SEEDS[0]) for one in wanted for each in tries[one])
    made = train(fit, list(runs))
    return {
        one: max(tries[one], key=lambda each: made[each, SEEDS[0]].validation()) for one in wanted
    }


def _tries(one: Training) -> list[Training]:
    return [replace(one, lr=lr) for lr in RATES] if one.epochs else [one]


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
    closed = replace(CLOSED, head=training.head), seed
    return closed if "projection" in training.head and (training, seed) != closed else None


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
            options["--from"] = _path(*begun)
        given = [str(part) for option in options.items() for part in option]
        command = [sys.executable, "-m", "vrbench", "train", training.head, str(fit), *given, "-q"]
        about.write_text(json.dumps(_run(command)), "utf-8")
    return Trained(path, **json.loads(about.read_text(encoding="utf-8")))


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


@dataclass(frozen=True)
class Measured:
    """A training's numbers over its seeds.

    Attributes:
        training: what was trained.
        heads: one a seed.
        results: of each seed, by what was measured: ``raw``, ``train``, ``oracle``, ``queue``.
    """

    training: Training
    heads: Sequence[Trained]
    results: Sequence[Mapping[str, Result]]

    @property
    def parameters(self) -> int:
        """How many numbers are trained, the logit scale included."""
        head = self.heads[0].head()
        fixed = tuple(f"{name}." for name, part in head.spec.parts.items() if not part.trained)
        learnt = (w.size for name, w in head.weights.items() if not name.startswith(fixed))
        return sum(learnt) if self.training.epochs else 0

    @property
    def sum(self) -> float:
        """Mean over seeds of the validation."""
        return float(np.mean([each.validation() for each in self.heads]))

    def errors(self, way: str) -> list[float]:
        """Return the normalization error of each seed's raw similarities, at gamma 0.01."""
        return [one["raw"]["diagnostics"][way]["normalization_error"] for one in self.results]

    def fairer(self, way: str) -> tuple[float, float]:
        """Return the mean error without and with ``ncl`` by the train bank, at the norm's gamma."""
        after = [one["train"]["diagnostics"][way] for one in self.results]
        before = [one["train"]["raw"]["diagnostics"][way] for one in self.results]
        raw, fair = ([one["normalization_error"] for one in each] for each in (before, after))
        return float(np.mean(raw)), float(np.mean(fair))

    def values(self, bank: str, key: str = "R@1", direction: str = "t2v") -> list[float]:
        """Return a metric of each seed; of both directions their mean."""
        ways = DIRECTIONS if direction == "both" else (direction,)
        found = [[one[bank]["metrics"][way][key] for way in ways] for one in self.results]
        return [float(np.mean(each)) for each in found]

    def mean(self, bank: str, key: str = "R@1", direction: str = "t2v") -> float:
        """Return the mean over seeds."""
        return float(np.mean(self.values(bank, key, direction)))


def measure(fit: Path, test: Path, trainings: Iterable[Training]) -> list[Measured]:
    """Train with every seed, and measure on the test set.

    Args:
        fit: feature file of the training videos.
        test: feature file of the test videos, with a bank of other training videos.
        trainings: with their learning rates.
    """
    wanted = list(trainings)
    made = train(fit, [(one, seed) for one in wanted for seed in SEEDS])
    found = []
    for one in wanted:
        heads = [made[one, seed] for seed in SEEDS]
        results = [_evaluate(test, each.head(), bool(one.queue)) for each in heads]
        found.append(Measured(one, heads, results))
    return found


def _evaluate(test: Path, head: Head, queue: bool) -> dict[str, Result]:
    """Raw, under ``ncl`` with each bank; its temperature is chosen on halves of the train bank."""
    method, folder = str(head.method), BUILD / "results"
    opened = Evaluation.open(test, head=head)
    norm = _gamma(opened, head)
    found = {}
    for name, spec, kind in (
        ("raw", "none", None),
        ("train", norm, "train"),
        ("oracle", norm, "test"),
    ):
        jobs = opened.jobs([method], [spec], folder, bank=kind)
        [found[name]] = opened.run(jobs, Output(folder))
    if queue:
        last = Evaluation.open(test, head=head, bank="head")
        [found["queue"]] = last.run(last.jobs([method], [norm], folder), Output(folder))
    return found


def _gamma(opened: Evaluation, head: Head) -> str:
    """Return ``ncl`` with the temperature chosen for this head, which is kept beside it."""
    assert head.path is not None
    known = head.path.with_suffix(".gamma.json")
    if not known.is_file():
        tuning = choose(opened, str(head.method), "ncl")
        known.write_text(json.dumps(tuning.to_dict()), "utf-8")
    said: dict[str, Any] = json.loads(known.read_text(encoding="utf-8"))
    return str(said["chosen"])
