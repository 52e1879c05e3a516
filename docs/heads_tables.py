"""Tables of the page on heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from docs.heads_measured import Measured
from docs.heads_runs import Training
from docs.trained import Trained, spread
from vrbench.sims.sim import DIRECTIONS

NORMED = ("train", "queue", "oracle")
"""Banks of ``ncl``."""


def rates(tries: Mapping[Training, Trained]) -> Iterator[str]:
    """Validation by what is trained and by rate, with the epoch; the chosen one is bold."""
    columns = sorted({one.lr for one in tries})
    yield f"| alignment | loss | head | start | {' | '.join(f'{lr:g}' for lr in columns)} |"
    yield f"|---|---|---|---:|{'---:|' * len(columns)}"
    for one in dict.fromkeys(replace(each, lr=0) for each in tries):
        mine = {each.lr: made for each, made in tries.items() if replace(each, lr=0) == one}
        best = max(made.validation for made in mine.values())
        start = next(iter(mine.values())).curve[0]
        cells = (_try(mine[lr], best) if lr in mine else "" for lr in columns)
        names = (f"`{name}`" for name in (one.method, one.loss, one.head))
        yield f"| {' | '.join((*names, f'{start:.1f}', *cells))} |"


def _try(made: Trained, best: float) -> str:
    value = f"{made.validation:.1f}"
    return f"{f'**{value}**' if made.validation == best else value} ({made.kept})"


def alignments(what: str, rows: Mapping[str, Measured]) -> Iterator[str]:
    """R@K raw, R@1 with each bank, and what a training takes."""
    heads = (
        *(what, "rate", "validation", "t2v R@1", "R@5", "R@10", "v2t R@1"),
        *(cell for bank in NORMED for cell in (f"ncl, {bank}: t2v", "v2t")),
        *("parameters", "s", "GB"),
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
            "" if one.before else _seconds(one),
            _gigabytes(one),
        )
        yield f"| {name} | {' | '.join(cells)} |"


def losses(what: str, rows: Mapping[str, Measured]) -> Iterator[str]:
    """R@1 and the normalization error, raw and with each bank."""
    heads = [f"{bank} {way}" for bank in ("raw", *NORMED) for way in DIRECTIONS]
    heads += ["error t2v", "v2t", "s", "GB"]
    yield f"| {what} | rate | validation | {' | '.join(heads)} |"
    yield f"|---|---:|---:|{'---:|' * len(heads)}"
    for name, one in rows.items():
        cells = (
            f"{one.training.lr:g}",
            spread(one.validations),
            *(_bank(one, bank, way) for bank in ("raw", *NORMED) for way in DIRECTIONS),
            *(spread(one.errors(way), 2) for way in DIRECTIONS),
            _seconds(one),
            _gigabytes(one),
        )
        yield f"| {name} | {' | '.join(cells)} |"


def _seconds(one: Measured) -> str:
    """CPU seconds of the quickest seed."""
    return f"{np.min([each.seconds for each in one.heads]):.0f}"


def _gigabytes(one: Measured) -> str:
    return "" if one.peak is None else f"{one.peak / 1e9:.2f}"


def _bank(one: Measured, bank: str, way: str) -> str:
    """R@1 with a bank; empty where the training kept none."""
    known = all(bank in each for each in one.results)
    return spread(one.values(bank, "R@1", way)) if known else ""
