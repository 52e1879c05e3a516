"""The numbers of heads.md on rates and epochs, and on what a training takes."""

from __future__ import annotations

from dataclasses import replace

from docs.heads_found import Found, check, of
from docs.heads_measured import Measured
from docs.heads_rates import FROM_IDENTITY, chosen, rates_of
from docs.heads_runs import CLOSED, EPOCHS, MOST, RATES, Training
from docs.trained import Trained
from vrbench.training.settings import TrainingSettings

PATIENCE = TrainingSettings("linear").patience


def rates(found: Found) -> dict[str, str]:
    """Return which rates validate best, and what more epochs bring."""
    rows = list(dict.fromkeys(replace(one, lr=0) for one in found.tries))
    rates = {one: [each.lr for each in found.tries if replace(each, lr=0) == one] for one in rows}
    other = [said for one in rows if (said := _other_rate(found, one))]
    rising = [_named(one) for one in rows if _best(found, one).kept == one.epochs]
    short, long = (of(found, "infonce", epochs) for epochs in (EPOCHS, MOST))
    ends = sorted(len(one.curve) - 1 for one in long.heads)
    check(all(len(some) > 1 for some in rates.values()), ends[-1] < MOST)
    two = {"short": short, "long": long}
    return {
        "rates.middle": f"{RATES[1]:g}",
        "rates.linear": f"{FROM_IDENTITY[1]:g}",
        "rates.best": str(len(rows) - len(other)),
        "rates.of": str(len(rows)),
        "rates.others": f"; {', '.join(other)}" if other else "",
        "rates.rising": ", ".join(rising) or "none",
        "patience": str(PATIENCE),
        "long": str(MOST),
        "long.first": str(ends[0]),
        "long.last": str(ends[-1]),
        **{f"{name}.sum": f"{one.sum:.1f}" for name, one in two.items()},
        **{f"{name}.t2v": f"{one.mean('raw'):.1f}" for name, one in two.items()},
    }


def _best(found: Found, row: Training) -> Trained:
    """Return the try of a training with the chosen rate."""
    some = [made for each, made in found.tries.items() if replace(each, lr=0) == row]
    return max(some, key=lambda made: made.validation)


def _other_rate(found: Found, one: Training) -> str:
    """Return what another rate than the middle one brings; empty: the middle one is the best."""
    best, middle = chosen(found.tries, one).lr, rates_of(one)[1]
    if best == middle:
        return ""
    now, usual = (found.tries[replace(one, lr=lr)].validation for lr in (best, middle))
    return f"{_named(one)} takes {best:g} ({now:.1f}, with {middle:g} {usual:.1f})"


def _behind(one: Training) -> bool:
    return "projection" in one.head


def _named(one: Training) -> str:
    if not _behind(one):
        return f"`{one.head}`"
    return f"`{one.method if one.loss == CLOSED.loss else one.loss}`"


def cost(found: Found) -> dict[str, str]:
    """Return what trainings take, as UCoFiA's Table 13 compares methods."""
    rows, [alone] = found.alignments, [one for one in found.heads if not _behind(one.training)]
    peaks = sorted((one.peak or 0) / 1e9 for one in rows)
    seconds = sorted(_least(one) for one in rows)
    few, many = min(one.parameters for one in rows), max(one.parameters for one in rows)
    check(alone.training.head == "linear", many < alone.parameters, found.size / 1e9 < peaks[0])
    return {
        "cost.few": f"{few:,}",
        "cost.many": f"{many:,}",
        "cost.seconds.least": f"{seconds[0]:.0f}",
        "cost.seconds.most": f"{seconds[-1]:.0f}",
        "cost.peak.least": f"{peaks[0]:.2f}",
        "cost.peak.most": f"{peaks[-1]:.2f}",
        "cost.tokens": f"{found.size / 1e9:.2f}",
        "alone.parameters": f"{alone.parameters:,}",
        "alone.seconds": f"{_least(alone):.0f}",
        "alone.peak": f"{(alone.peak or 0) / 1e9:.2f}",
    }


def _least(one: Measured) -> float:
    """CPU seconds of the quickest seed."""
    return min(each.seconds for each in one.heads)
