"""Tables of the page on heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from docs.heads_measured import Measured, spread
from docs.heads_runs import EPOCHS, Trained, Training
from vrbench.sims.sim import DIRECTIONS

NORMED = ("train", "queue", "oracle")
"""Banks of ``ncl``."""


def rates(tries: Mapping[Training, Trained]) -> Iterator[str]:
    """Validation by rate and epoch."""
    yield f"| alignment | rate | start | {' | '.join(map(str, range(1, EPOCHS + 1)))} |"
    yield f"|---|---:|{'---:|' * (EPOCHS + 1)}"
    for one, made in tries.items():
        cells = " | ".join(f"{value:.1f}" for value in made.curve)
        yield f"| `{one.method}` | {one.lr:g} | {cells} |"


def alignments(what: str, rows: Mapping[str, Measured]) -> Iterator[str]:
    """R@K raw, R@1 with each bank, and what a training takes."""
    heads = (
        *(what, "rate", "validation", "t2v R@1", "R@5", "R@10", "v2t R@1"),
        *(cell for bank in NORMED for cell in (f"ncl, {bank}: t2v", "v2t")),
        *("parameters", "s"),
    )
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---:{'|---:' * (len(heads) - 2)}|"
    for name, one in rows.items():
        cells = (
            "" if one.before else f"{one.training.lr:g}",
            spread(one.validations),
            *(spread(one.values("raw", key)) for key in ("R@1", "R@5", "R@10")),
            spread(one.values("raw", "R@1", "v2t")),
            *(_bank(one, bank, way) for bank in NORMED for way in DIRECTIONS),
            f"{one.parameters:,}",
            "" if one.before else f"{np.min([each.seconds for each in one.heads]):.0f}",
        )
        yield f"| {name} | {' | '.join(cells)} |"


def losses(what: str, rows: Mapping[str, Measured]) -> Iterator[str]:
    """R@1 and the normalization error, raw and with each bank."""
    heads = [f"{bank} {way}" for bank in ("raw", *NORMED) for way in DIRECTIONS]
    yield f"| {what} | rate | validation | {' | '.join(heads)} | error t2v | v2t |"
    yield f"|---|---:|---:|{'---:|' * (len(heads) + 2)}"
    for name, one in rows.items():
        cells = (
            f"{one.training.lr:g}",
            spread(one.validations),
            *(_bank(one, bank, way) for bank in ("raw", *NORMED) for way in DIRECTIONS),
            *(spread(one.errors(way), 2) for way in DIRECTIONS),
        )
        yield f"| {name} | {' | '.join(cells)} |"


def _bank(one: Measured, bank: str, way: str) -> str:
    """R@1 with a bank; empty where the training kept none."""
    known = all(bank in each for each in one.results)
    return spread(one.values(bank, "R@1", way)) if known else ""
