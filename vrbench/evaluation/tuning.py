"""Parameters of a normalization, chosen on a validation part of the bank: never on the test set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.plan import Job, parse_norm
from vrbench.evaluation.run import Output, finish
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Normalization
from vrbench.registry import format_value, parameters
from vrbench.results.result import Result
from vrbench.results.schema_parts import BankAbout, Trial, TuningAbout, TuningDict
from vrbench.runtime.progress import Progress, counted
from vrbench.sims.sim import Direction

DECIDING: dict[str, tuple[Direction, ...]] = {
    "t2v": ("t2v",),
    "v2t": ("v2t",),
    "both": ("t2v", "v2t"),
}
"""The directions whose R@1 decides."""


ALL = "all"
"""Every norm."""


@dataclass(frozen=True, repr=False)
class Tuning:
    """What was tried and chosen.

    Attributes:
        spec: the chosen normalization.
        curve: spec, R@1 and MnR (means over the directions) of each trial, in the order tried.
        about: size of the validation part, kind and size of its bank, seed, directions.
        result: the test set under the chosen one, where it was measured.
        left_out: norms that these similarities cannot be given to, and why, of ``all``.
    """

    spec: str
    curve: list[Trial]
    about: TuningAbout
    result: Result | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def best_first(self) -> list[Trial]:
        """The trials, the best first; those of equal numbers in the order tried."""
        return sorted(self.curve, key=_quality, reverse=True)

    def __repr__(self) -> str:
        return f"Tuning({self.spec!r}, the best of {len(self.curve)} trials)"

    def to_dict(self) -> TuningDict:
        """Return what a Result keeps of it."""
        return {"chosen": self.spec, **self.about, "curve": self.curve}


def choose(
    evaluation: Evaluation,
    method: str,
    norm: str,
    grid: Mapping[str, Sequence[str]] | None = None,
    *,
    direction: str = "both",
    share: float = 0.5,
    seed: int = 0,
    announce: Callable[[Evaluation, Sequence[Job]], None] | None = None,
    progress: Progress | None = None,
) -> Tuning:
    """Choose a normalization's parameters by R@1 on held-out videos of the bank.

    The bank's videos are split: a ``share`` of them with their texts is the validation set, the
    rest with theirs is its bank. Equal R@1: the lower MnR; equal again: the first tried.

    Args:
        evaluation: of a feature file with a bank whose texts name their videos, or a similarity
            file that holds the bank against itself. Its bank ``train`` is the rest of the bank
            (also where a file was asked for), ``test`` the validation queries.
        method: spec of the alignment; not read where similarities are given.
        norm: spec of the normalization; parameters given in it stay as they are. ``all``: every
            norm with its own list, and none. Norms that see the validation queries are measured,
            and chosen only where all do.
        grid: values to try by parameter; None: the normalization's own list.
        direction: ``t2v``, ``v2t`` or ``both``.
        share: of the bank's videos.
        seed: of the split.
        announce: is told of the validation part and a job on it, before the work.
        progress: is told how far each trial is, and how many are done.

    Raises:
        InputError: the file has no usable bank, or the norm has no such parameter.
    """
    several = norm == ALL
    if several and grid:
        raise InputError(f"--norm {ALL} tries every norm's own values: leave --try out.")
    specs = all_trials(evaluation) if several else _trials_of(norm, evaluation, grid)
    held = evaluation.held_out(share, seed)
    kind = "train" if evaluation.bank == "file" else evaluation.bank
    jobs = held.jobs([method], specs, bank=kind)
    curve: list[Trial] = []
    of: BankAbout = {"kind": "none", "n_text": 0, "n_video": 0}
    left_out: dict[str, str] = {}
    if announce is not None:
        announce(held, [job for job in jobs if job.norm.needs_bank][:1] or jobs[:1])
    results = (
        _robust(held, jobs, left_out, progress) if several else held.run(jobs, progress=progress)
    )
    for result in counted(results, "trials", len(jobs), progress):
        of = of if several and of["kind"] == "train" else result.bank
        metrics = [result.metrics[d] for d in DECIDING[direction]]
        recall, mean = (float(np.mean([m[key] for m in metrics])) for key in ("R@1", "MnR"))
        curve.append({"norm": result.norm, "R@1": recall, "MnR": mean})
        if several and result.values.get("transductive"):
            curve[-1]["transductive"] = True
    fair = [trial for trial in curve if not trial.get("transductive")] or curve
    best = max(fair, key=_quality)
    about: TuningAbout = {
        "validation": [held.source.truth.n_text, held.source.truth.n_video],
        "bank": of,
        "direction": direction,
        "seed": seed,
    }
    return Tuning(best["norm"], curve, about, left_out=left_out)


def _quality(trial: Trial) -> tuple[float, float]:
    return trial["R@1"], -trial["MnR"]


def _robust(
    held: Evaluation,
    jobs: Sequence[Job],
    left_out: dict[str, str],
    progress: Progress | None,
) -> Iterator[Result]:
    """Yield what ``held.run`` does; jobs that cannot be done are put into ``left_out``."""
    scored = None
    for job in jobs:
        case = held.case_of(job, progress)
        if scored is not None:
            case.share(scored)
        try:
            result = finish(case, Output())
        except InputError as error:
            left_out[normalizations.spec(job.norm)] = str(error)
            continue
        scored = case.scored
        yield result


def measured(
    tuning: Tuning,
    evaluation: Evaluation,
    method: str,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Tuning:
    """Measure the test set under the chosen normalization; the result records the whole curve.

    Args:
        tuning: what was chosen.
        evaluation: with the whole bank.
        method: spec of the alignment; not read where similarities are given.
        out: folder of results; None: nothing is written.
        progress: is told how far scoring is.
    """
    said = tuning.to_dict()
    jobs = evaluation.jobs([method], [tuning.spec], tuning=said)
    [result] = evaluation.run(jobs, Output(out, tuning=said), progress)
    return replace(tuning, result=result)


def all_trials(evaluation: Evaluation) -> list[str]:
    """Return every norm with every combination of its own values, one without any as it is."""
    found = []
    for name in normalizations.classes():
        method = parse_norm(name, evaluation.source)
        found += trials(name, method, None) if method.tunable else [name]
    return found


def _trials_of(
    norm: str, evaluation: Evaluation, grid: Mapping[str, Sequence[str]] | None
) -> list[str]:
    return trials(norm, parse_norm(norm, evaluation.source), grid)


def trials(norm: str, method: Normalization, grid: Mapping[str, Sequence[str]] | None) -> list[str]:
    """Return the specs to try: every combination of the grid's values.

    Args:
        norm: the spec that was given; its parameters stay.
        method: what it names.
        grid: values by parameter; None: the method's own.

    Raises:
        InputError: the norm has no such parameter, or nothing to tune.
    """
    name, _, fixed = norm.partition(":")
    known = [field.name for field in parameters(type(method))]
    for key in grid or ():
        if key not in known:
            raise InputError(
                f"'{name}' has no parameter '{key}'.{did_you_mean(key, known)} "
                f"Parameters: {', '.join(known) or 'none'}."
            )
    given = {part.partition("=")[0].strip() for part in fixed.split(",")}
    own = {k: [format_value(v) for v in values] for k, values in method.tunable}
    values = dict(grid) if grid else {k: v for k, v in own.items() if k not in given}
    if not values:
        raise InputError(f"'{norm}' has nothing to tune: name a parameter with --try key=v,v,v.")
    pairs = [[f"{key}={value}" for value in listed] for key, listed in values.items()]
    start = [fixed] if fixed else []
    return [f"{name}:{','.join([*start, *chosen])}" for chosen in itertools.product(*pairs)]
