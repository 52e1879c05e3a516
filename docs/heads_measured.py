"""What heads give on the test set: raw, and under ``ncl`` with each bank."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from docs.heads_runs import BUILD, CLOSED, Training, train
from docs.trained import SEEDS, OverSeeds, Trained
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.tuning import choose
from vrbench.heads.head import Head
from vrbench.results import Result, identity
from vrbench.sims.sim import DIRECTIONS


@dataclass(frozen=True)
class Measured(OverSeeds[Training]):
    """A training's numbers over its seeds, by ``raw``, ``train``, ``oracle``, ``queue``.

    Attributes:
        before: the results are those of the closed form that it began with.
        peak: the most bytes resident in a process that trains one head; None: not measured.
    """

    before: bool = False
    peak: int | None = None

    @property
    def parameters(self) -> int:
        """How many numbers are trained, the logit scale included."""
        return 0 if self.before else self.heads[0].parameters

    @property
    def validations(self) -> list[float]:
        """The validation of each seed, before training if that is what is measured."""
        return [each.curve[0] if self.before else each.validation for each in self.heads]

    @property
    def sum(self) -> float:
        """Mean over seeds of the validation."""
        return float(np.mean(self.validations))

    def errors(self, way: str) -> list[float]:
        """Return the normalization error of each seed's raw similarities, at gamma 0.01."""
        return self.shares("raw", "normalization_error", way)

    def fairer(self, way: str) -> tuple[float, float]:
        """Return the mean error without and with ``ncl`` by the train bank, at the norm's gamma."""
        after = [one["train"]["diagnostics"][way] for one in self.results]
        before = [one["train"]["raw"]["diagnostics"][way] for one in self.results]
        raw, fair = ([one["normalization_error"] for one in each] for each in (before, after))
        return float(np.mean(raw)), float(np.mean(fair))

    def values(self, what: str, key: str = "R@1", direction: str = "t2v") -> list[float]:
        """Return a metric of each seed; of both directions their mean."""
        ways = DIRECTIONS if direction == "both" else (direction,)
        found = [super(Measured, self).values(what, key, way) for way in ways]
        return [float(value) for value in np.mean(found, axis=0)]

    def mean(self, bank: str, key: str = "R@1", direction: str = "t2v") -> float:
        """Return the mean over seeds."""
        return float(np.mean(self.values(bank, key, direction)))


def measure(
    fit: Path, test: Path, trainings: Iterable[Training], closed: Iterable[Training]
) -> tuple[dict[Training, Measured], list[Measured]]:
    """Train with every seed, choose each head's ``ncl``, and only then measure on the test set.

    Args:
        fit: feature file of the training videos.
        test: feature file of the test videos, with a bank of other training videos.
        trainings: with their learning rates.
        closed: those of them of which the closed form before them is measured too.

    Returns:
        Each training's numbers, and those of the closed forms.
    """
    wanted, known = list(dict.fromkeys(trainings)), list(closed)
    runs = [(one, seed) for one in wanted for seed in SEEDS]
    begun = [(CLOSED, seed) for seed in SEEDS]
    made = train(fit, [*begun, *runs])
    heads = {one: [made[one, seed] for seed in SEEDS] for one in wanted}
    jobs = [(made[run], run[0].method, bool(run[0].queue)) for run in runs]
    jobs += [(made[start], one.method, False) for one in known for start in begun]
    norms = [_gamma(test, each.head(), method) for each, method, _ in jobs]
    each = iter([_evaluate(test, *job, norm) for job, norm in zip(jobs, norms, strict=True)])
    found = {one: Measured(one, some, [next(each) for _ in SEEDS]) for one, some in heads.items()}
    starts = [Measured(one, heads[one], [next(each) for _ in SEEDS], True) for one in known]
    return found, starts


def _evaluate(
    test: Path, trained: Trained, method: str, queue: bool, norm: str
) -> dict[str, Result]:
    """Raw, and under ``ncl`` with each bank."""
    folder, head = BUILD / "results", trained.head()
    opened = Evaluation.open(test, head=head)
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


def _gamma(test: Path, head: Head, method: str) -> str:
    """Return ``ncl`` with the temperature chosen for a head, which is kept beside it.

    It is chosen on halves of the train bank: no test query is read.
    """
    assert head.path is not None
    known = head.path.with_suffix(f".{identity({'method': method})}.json")
    if not known.is_file():
        tuning = choose(Evaluation.open(test, head=head), method, "ncl")
        known.write_text(json.dumps(tuning.to_dict()), "utf-8")
    said: dict[str, Any] = json.loads(known.read_text(encoding="utf-8"))
    return str(said["chosen"])
