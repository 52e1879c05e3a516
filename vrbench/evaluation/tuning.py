"""Parameters of a normalization, chosen on a validation part of the bank: never on the test set."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.plan import parse_norm
from vrbench.evaluation.run import Output
from vrbench.normalizations.base import Normalization
from vrbench.registry import format_value, parameters
from vrbench.results.result import Result
from vrbench.results.schema import BankAbout, Trial, TuningAbout, TuningDict
from vrbench.runtime.progress import Progress
from vrbench.sims.sim import Direction

DECIDING: dict[str, tuple[Direction, ...]] = {
    "t2v": ("t2v",),
    "v2t": ("v2t",),
    "both": ("t2v", "v2t"),
}
"""The directions whose R@1 decides."""


@dataclass(frozen=True, repr=False)
class Tuning:
    """What was tried and chosen.

    Attributes:
        spec: the chosen normalization.
        curve: spec, R@1 and MnR (means over the directions) of each trial, in the order tried.
        about: size of the validation part, kind and size of its bank, seed, directions.
        result: the test set under the chosen one, where it was measured.
    """

    spec: str
    curve: list[Trial]
    about: TuningAbout
    result: Result | None = None

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
) -> Tuning:
    """Choose a normalization's parameters by R@1 on held-out videos of the bank.

    The bank's videos are split: a ``share`` of them with their texts is the validation set, the
    rest with theirs is its bank. Equal R@1: the lower MnR; equal again: the first tried.

    Args:
        evaluation: of a feature file with a bank whose texts name their videos, or a similarity
            file that holds the bank against itself. Its bank ``train`` is the rest of the bank
            (also where a file was asked for), ``test`` the validation queries.
        method: spec of the alignment; not read where similarities are given.
        norm: spec of the normalization; parameters given in it stay as they are.
        grid: values to try by parameter; None: the normalization's own list.
        direction: ``t2v``, ``v2t`` or ``both``.
        share: of the bank's videos.
        seed: of the split.

    Raises:
        InputError: the file has no usable bank, or the norm has no such parameter.
    """
    specs = trials(norm, parse_norm(norm, evaluation.source), grid)
    held = evaluation.held_out(share, seed)
    kind = "train" if evaluation.bank == "file" else evaluation.bank
    curve: list[Trial] = []
    of: BankAbout = {"kind": "none", "n_text": 0, "n_video": 0}
    for result in held.run(held.jobs([method], specs, bank=kind)):
        of = result.bank
        metrics = [result.metrics[d] for d in DECIDING[direction]]
        recall, mean = (float(np.mean([m[key] for m in metrics])) for key in ("R@1", "MnR"))
        curve.append({"norm": result.norm, "R@1": recall, "MnR": mean})
    best = max(curve, key=lambda trial: (trial["R@1"], -trial["MnR"]))
    about: TuningAbout = {
        "validation": [held.source.truth.n_text, held.source.truth.n_video],
        "bank": of,
        "direction": direction,
        "seed": seed,
    }
    return Tuning(best["norm"], curve, about)


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
