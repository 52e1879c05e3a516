"""What the page on heads says of rates and epochs, and of what a training takes."""

from __future__ import annotations

from dataclasses import replace

from docs.heads_found import Found, check, of
from docs.heads_measured import Measured
from docs.heads_rates import FROM_IDENTITY, chosen, rates_of
from docs.heads_runs import CLOSED, EPOCHS, MOST, RATES, Training
from docs.trained import Trained
from vrbench.training.settings import TrainingSettings

PATIENCE = TrainingSettings("linear").patience


def rates(found: Found) -> tuple[str, ...]:
    """Return which rates validate best, and what more epochs bring."""
    rows = list(dict.fromkeys(replace(one, lr=0) for one in found.tries))
    rates = {one: [each.lr for each in found.tries if replace(each, lr=0) == one] for one in rows}
    other = [said for one in rows if (said := _other_rate(found, one))]
    rising = [_named(one) for one in rows if _best(found, one).kept == one.epochs]
    short, long = (of(found, "infonce", epochs) for epochs in (EPOCHS, MOST))
    ends = sorted(len(one.curve) - 1 for one in long.heads)
    check(all(len(some) > 1 for some in rates.values()), ends[-1] < MOST)
    but = f"; {', '.join(other)}" if other else ""
    return (
        f"**Rate and epochs.** The middle rate ({RATES[1]:g}; of `linear` {FROM_IDENTITY[1]:g})",
        f"validates best for {len(rows) - len(other)} of the {len(rows)} trainings{but}. With the",
        f"chosen rate the last epoch validates best for {' and '.join(rising) or 'none'}: more",
        "epochs may serve these.",
        f"Where `global` is given {MOST} epochs, its seeds stop after {ends[0]} to {ends[-1]}, as",
        f"{PATIENCE} epochs brought nothing better: validation is {long.sum:.1f}, with {EPOCHS}",
        f"epochs {short.sum:.1f}, and t2v R@1 {long.mean('raw'):.1f} and {short.mean('raw'):.1f}.",
    )


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


def cost(found: Found) -> tuple[str, ...]:
    """Return what trainings take, as UCoFiA's Table 13 compares methods."""
    rows, [alone] = found.alignments, [one for one in found.heads if not _behind(one.training)]
    peaks = sorted((one.peak or 0) / 1e9 for one in rows)
    seconds = sorted(_least(one) for one in rows)
    few, many = min(one.parameters for one in rows), max(one.parameters for one in rows)
    check(many < alone.parameters, found.size / 1e9 < peaks[0])
    return (
        f"**Cost** (UCoFiA Table 13). Behind `projection`, {few:,} to {many:,} numbers are trained",
        f"in {seconds[0]:.0f} to {seconds[-1]:.0f} CPU seconds, with a peak of {peaks[0]:.2f} to",
        f"{peaks[-1]:.2f} GB of memory; `{alone.training.head}` alone trains {alone.parameters:,}",
        f"in {_least(alone):.0f} seconds with {(alone.peak or 0) / 1e9:.2f} GB.",
        "The training tokens, which are held as they are stored, take",
        f"{found.size / 1e9:.2f} GB of the peak; the queue is in it, too.",
    )


def _least(one: Measured) -> float:
    """CPU seconds of the quickest seed."""
    return min(each.seconds for each in one.heads)
