"""What heads give on the test set: raw, and under ``ncl`` with each bank."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from docs.heads_runs import BUILD, SEEDS, Trained, Training, train
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.tuning import choose
from vrbench.heads.head import Head
from vrbench.results import Result
from vrbench.sims.sim import DIRECTIONS


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
