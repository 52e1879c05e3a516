"""Longer trainings at more rates, which keep their last queries as a bank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from docs.heads_measured import Measured
from docs.heads_runs import SEEDS, SUM, Training, train, tried
from docs.heads_tables import losses
from docs.heads_text import Found, wrapped

EPOCHS, MOST = 3, 10
"""Of the trainings that choose the rate, and of one more with ``--patience 3``, the default."""
RATES = (3e-5, 1e-4, 3e-4)
QUEUE = 16384
"""Queries that a training keeps, as NCL does; they change nothing of the training itself."""
QUEUED = ("train", "queue", "oracle")
"""Banks of ``ncl``."""
METHODS = ("global", SUM)

TEXT = f"""## Longer, at more rates, and with a queue

Head `projection+linear`. `--queue {QUEUE}` keeps the last training queries as they were when they
were seen, and `--bank head` fits `ncl` on them, as NCL does (*queue*), at the temperature that was
chosen on the train bank. Validation of seed {SEEDS[0]} with `infonce`, before training and after
each of {EPOCHS} epochs:"""


def best(tries: Mapping[Training, float]) -> Training:
    """Return what validates best."""
    return max(tries, key=lambda one: tries[one])


def trainings(fit: Path) -> tuple[dict[Training, list[float]], list[Training]]:
    """Choose the rates with ``infonce``.

    Returns:
        The validation of each rate by epoch, with the first seed; and what is to be measured.
    """
    wanted = {method: Training(method, queue=QUEUE, epochs=EPOCHS) for method in METHODS}
    tries = tried(fit, wanted.values(), RATES)
    runs = [(each, SEEDS[0]) for some in tries.values() for each in some]
    curves = {run[0]: one.curve for run, one in train(fit, runs).items()}
    vectors, both = (best(tries[wanted[method]]) for method in METHODS)
    longest = replace(vectors, epochs=MOST)
    return curves, [vectors, replace(vectors, loss="ncl"), longest, both]


def longer(found: Found) -> str:
    """Return the section."""
    rows = {_named(one.training): one for one in found.longer}
    table = losses("alignment, loss, epochs", rows, QUEUED)
    return "\n\n".join((TEXT, "\n".join(_curves(found.curves)), "\n".join(table), _seen(rows)))


def _named(one: Training) -> str:
    return f"`{one.method}`, `{one.loss}`, {one.epochs}"


def _curves(curves: Mapping[Training, list[float]]) -> Iterator[str]:
    yield f"| alignment | rate | start | {' | '.join(map(str, range(1, EPOCHS + 1)))} |"
    yield f"|---|---:|{'---:|' * (EPOCHS + 1)}"
    for one, curve in curves.items():
        yield f"| `{one.method}` | {one.lr:g} | {' | '.join(f'{value:.1f}' for value in curve)} |"


def _seen(rows: Mapping[str, Measured]) -> str:
    return wrapped()
