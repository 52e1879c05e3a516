"""What training gives on stored features: heads, alignments and losses, three seeds each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from docs.heads_measured import Measured, measure
from docs.heads_runs import BUILD, CLOSED, Training, chosen
from docs.heads_text import ALIGNMENTS, HEAD, HEADS, OBJECTIVES, Found, seen
from features import make
from vrbench.sims.sim import DIRECTIONS

SUM = "0.5*global+0.5*tokenflow"
NORMED = ("train", "oracle")
"""Banks of ``ncl``."""
KINDS = ("linear", "projection+linear")
METHODS = ("global", "uniform", "learnable", "max-avg", "scan", "tokenflow", SUM)
"""Of TokenFlow's Tables 5 and 6, and TokenFlow without the global similarity."""
WEIGHED = ("learnable",)
"""Those that read weights of their own from a head."""
MOMENTUM = "momentum:ema=0.95,queue=16"
"""With the numbers of TokenFlow's Appendix E."""
LOSSES = {
    "global": ("infonce", "ncl", MOMENTUM, "dsl", "triplet", "15*ncl:gamma=0.07"),
    SUM: ("infonce", "ncl", MOMENTUM),
}


def page(shared: Path) -> str:
    """Return the page; what is extracted, trained and measured stays in ``build/heads``."""
    models, test = Path("build") / "models", BUILD / "test.h5"
    fit = make.fitting(shared, models, BUILD)
    make.testing(shared, models, BUILD, test)
    found = run(fit, test)
    named = {f"{one.training.method}`, closed form": one for one in found.untrained}
    named |= {f"{one.training.method}`": one for one in found.alignments}
    parts = [
        *(HEAD, seen(found)),
        *(HEADS, "\n".join(_table("head", {f"{one.training.head}`": one for one in found.heads}))),
        *(ALIGNMENTS, "\n".join(_table("alignment", named))),
        OBJECTIVES,
        *("\n".join(_losses(method, found.losses)) for method in LOSSES),
    ]
    return "\n\n".join(parts) + "\n"


def run(fit: Path, test: Path) -> Found:
    """Choose learning rates on validation videos of the training features, then measure once."""
    head = CLOSED.head
    alignments = [Training(method, head=_weighing(head, method)) for method in METHODS]
    losses = [Training(method, loss, head) for method, some in LOSSES.items() for loss in some]
    kinds = [Training(SUM, head=kind) for kind in KINDS]
    untrained = [Training(method, epochs=0) for method in METHODS if method not in WEIGHED]
    return Found(
        untrained=measure(fit, test, untrained),
        alignments=measure(fit, test, chosen(fit, alignments).values()),
        losses=measure(fit, test, chosen(fit, losses).values()),
        heads=measure(fit, test, chosen(fit, kinds).values()),
    )


def _weighing(head: str, method: str) -> str:
    return f"{head}+{method}" if method in WEIGHED else head


def _table(what: str, rows: Mapping[str, Measured]) -> Iterator[str]:
    heads = (
        *(what, "rate", "validation", "t2v R@1", "R@5", "R@10", "v2t R@1"),
        *("ncl, train: t2v", "v2t", "ncl, oracle: t2v", "v2t", "parameters", "s", "MB"),
    )
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---:{'|---:' * (len(heads) - 2)}|"
    for name, one in rows.items():
        cells = (
            f"{one.training.lr:g}" if one.training.epochs else "",
            _spread([each.validation() for each in one.heads]),
            *(_spread(one.values("raw", key)) for key in ("R@1", "R@5", "R@10")),
            _spread(one.values("raw", "R@1", "v2t")),
            *(_spread(one.values(bank, "R@1", way)) for bank in NORMED for way in DIRECTIONS),
            f"{one.parameters:,}",
            f"{np.mean([each.seconds for each in one.heads]):.0f}",
            f"{max(each.megabytes for each in one.heads):.0f}",
        )
        yield f"| `{name} | {' | '.join(cells)} |"


def _losses(method: str, measured: Sequence[Measured]) -> Iterator[str]:
    """R@1 and the normalization error by loss, raw and under each bank."""
    heads = [f"{bank} {way}" for bank in ("raw", "train", "oracle") for way in DIRECTIONS]
    yield f"| `{method}`, loss | rate | validation | {' | '.join(heads)} | error t2v | v2t |"
    yield f"|---|---:|---:|{'---:|' * (len(heads) + 2)}"
    for one in measured:
        if one.training.method == method:
            banks = ("raw", *NORMED)
            cells = (
                f"{one.training.lr:g}",
                _spread([each.validation() for each in one.heads]),
                *(_spread(one.values(bank, "R@1", way)) for bank in banks for way in DIRECTIONS),
                *(_spread(one.errors(way), 2) for way in DIRECTIONS),
            )
            yield f"| `{one.training.loss}` | {' | '.join(cells)} |"


def _spread(values: Sequence[float], decimals: int = 1) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{np.mean(values):.{decimals}f} ± {np.std(values, ddof=1):.{decimals}f}"
