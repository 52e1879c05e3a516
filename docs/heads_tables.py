"""Tables of the page on heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from docs.heads_measured import Measured
from vrbench.sims.sim import DIRECTIONS

NORMED = ("train", "oracle")
"""Banks of ``ncl``."""


def alignments(what: str, rows: Mapping[str, Measured]) -> Iterator[str]:
    """R@K raw, R@1 under each bank, and what a training takes."""
    heads = (
        *(what, "rate", "validation", "t2v R@1", "R@5", "R@10", "v2t R@1"),
        *(cell for bank in NORMED for cell in (f"ncl, {bank}: t2v", "v2t")),
        *("parameters", "s", "MB"),
    )
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---:{'|---:' * (len(heads) - 2)}|"
    for name, one in rows.items():
        cells = (
            "" if one.before else f"{one.training.lr:g}",
            spread(one.validations),
            *(spread(one.values("raw", key)) for key in ("R@1", "R@5", "R@10")),
            spread(one.values("raw", "R@1", "v2t")),
            *(spread(one.values(bank, "R@1", way)) for bank in NORMED for way in DIRECTIONS),
            f"{one.parameters:,}",
            "" if one.before else f"{np.mean([each.seconds for each in one.heads]):.0f}",
            "" if one.before else f"{max(each.megabytes for each in one.heads):.0f}",
        )
        yield f"| `{name} | {' | '.join(cells)} |"


def losses(what: str, rows: Mapping[str, Measured], banks: Sequence[str] = NORMED) -> Iterator[str]:
    """R@1 and the normalization error, raw and under each bank."""
    columns = [f"{bank} {way}" for bank in ("raw", *banks) for way in DIRECTIONS]
    yield f"| {what} | rate | validation | {' | '.join(columns)} | error t2v | v2t |"
    yield f"|---|---:|---:|{'---:|' * (len(columns) + 2)}"
    for name, one in rows.items():
        cells = (
            f"{one.training.lr:g}",
            spread(one.validations),
            *(spread(one.values(b, "R@1", way)) for b in ("raw", *banks) for way in DIRECTIONS),
            *(spread(one.errors(way), 2) for way in DIRECTIONS),
        )
        yield f"| {name} | {' | '.join(cells)} |"


def spread(values: Sequence[float], decimals: int = 1) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{np.mean(values):.{decimals}f} ± {np.std(values, ddof=1):.{decimals}f}"
