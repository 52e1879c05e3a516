"""Parameters of a normalization, chosen on a validation part of the bank: never on the test set."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.held_out import held_out
from vrbench.evaluation.plan import Settings, parse_norm, plan
from vrbench.evaluation.run import Run
from vrbench.evaluation.sources.base import Compute, Source
from vrbench.evaluation.sources.features import FeatureSource
from vrbench.normalizations.base import Normalization
from vrbench.registry import format_value, parameters

DIRECTIONS = {"t2v": ("t2v",), "v2t": ("v2t",), "both": ("t2v", "v2t")}


@dataclass(frozen=True)
class Tuning:
    """What was tried and chosen.

    Attributes:
        spec: the chosen normalization.
        curve: spec, R@1 and MnR (means over the directions) of each trial, in the order tried.
        about: size of the validation part, kind and size of its bank, seed, directions.
    """

    spec: str
    curve: list[dict[str, Any]]
    about: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return what a Result keeps of it."""
        return {"chosen": self.spec, **self.about, "curve": self.curve}


def tune(
    source: Source,
    method: str | None,
    norm: str,
    grid: Mapping[str, Sequence[str]] | None = None,
    *,
    bank: str | None = None,
    direction: str = "both",
    share: float = 0.5,
    seed: int = 0,
) -> Tuning:
    """Choose a normalization's parameters by R@1 on held-out videos of the bank.

    The bank's videos are split: a ``share`` of them with their texts is the validation set, the
    rest with theirs is its bank. Equal R@1: the lower MnR; equal again: the first tried.

    Args:
        source: a feature file with a bank whose texts name their videos, or a similarity file
            that holds the bank against itself.
        method: spec of the alignment; None where similarities are given.
        norm: spec of the normalization; parameters given in it stay as they are.
        grid: values to try by parameter; None: the normalization's own list.
        bank: kind of bank: ``train`` (the rest of the bank) or ``test`` (the validation queries).
        direction: ``t2v``, ``v2t`` or ``both``.
        share: of the bank's videos.
        seed: of the split.

    Raises:
        InputError: the file has no usable bank, or the norm has no such parameter.
    """
    specs = trials(norm, parse_norm(norm, source), grid)
    held = held_out(source, share, seed)
    how = source.compute if isinstance(source, FeatureSource) else Compute()
    settings = Settings(precision=how.precision, seed=seed)
    jobs = plan(held, settings, [method] if method else [], specs, bank)
    curve, of = [], {}
    for result in Run(held, settings, how).run(jobs):
        of = result["bank"]
        metrics = [result["metrics"][d] for d in DIRECTIONS[direction]]
        means = {key: float(np.mean([m[key] for m in metrics])) for key in ("R@1", "MnR")}
        curve.append({"norm": result["norm"], **means})
    best = max(curve, key=lambda trial: (trial["R@1"], -trial["MnR"]))
    about = {
        "validation": [held.truth.n_text, held.truth.n_video],
        "bank": of,
        "direction": direction,
        "seed": seed,
    }
    return Tuning(best["norm"], curve, about)


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
