"""Learning rates of the page on heads, chosen on validation videos with the first seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from docs.heads_runs import CLOSED, EPOCHS, RATES, SUM, Training, train
from docs.trained import SEEDS, Trained

FROM_IDENTITY = (1e-4, 3e-4, 1e-3)
"""Those of a head without a closed form, which has further to go."""
EVERY = ("global", "uniform", "learnable", SUM)
"""Alignments that all rates are tried with."""


def tried(fit: Path, wanted: Iterable[Training]) -> dict[Training, Trained]:
    """Train with the middle rate, then with another: with the first seed.

    That is the larger one where the last epoch validates best, else the smaller one; for ``EVERY``
    it is both.
    """
    middle = dict.fromkeys(replace(_short(one), lr=rates_of(one)[1]) for one in wanted)
    made = train(fit, [(one, SEEDS[0]) for one in middle])
    other = [
        (replace(one, lr=lr), SEEDS[0])
        for one in middle
        for lr in _further(one, made[one, SEEDS[0]])
    ]
    return {one: trained for (one, _), trained in (made | train(fit, other)).items()}


def chosen(tries: Mapping[Training, Trained], wanted: Training) -> Training:
    """Return a training with the learning rate that validates best."""
    same = (replace(_short(wanted), lr=lr) for lr in rates_of(wanted))
    values = {one.lr: tries[one].validation for one in same if one in tries}
    return replace(wanted, lr=max(values, key=lambda lr: values[lr]))


def rates_of(one: Training) -> tuple[float, float, float]:
    """Return the learning rates that may be tried for a training."""
    return RATES if "projection" in one.head else FROM_IDENTITY


def _further(one: Training, made: Trained) -> tuple[float, ...]:
    small, _, large = rates_of(one)
    if one.method in EVERY and one.loss == CLOSED.loss:
        return small, large
    return (large,) if made.kept == one.epochs else (small,)


def _short(one: Training) -> Training:
    """Return the training that decides the rate: the longer one takes over that of the shorter."""
    return replace(one, epochs=min(one.epochs, EPOCHS))
