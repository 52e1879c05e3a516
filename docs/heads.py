"""What training gives on stored features: heads, alignments and losses, three seeds each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from docs.heads_measured import Measured, measure
from docs.heads_runs import BUILD, CLOSED, QUEUE, SUM, Training, chosen
from docs.heads_text import ALIGNMENTS, HEAD, HEADS, OBJECTIVES, Found, seen
from features import make
from vrbench.sims.sim import DIRECTIONS

NORMED = ("train", "queue", "oracle")
"""Banks of ``ncl``."""
NO_QUEUE = ("emd",)
"""Methods whose bank of so many would take longer than their training."""
KINDS = ("linear", "projection+linear")
METHODS = ("global", "uniform", "learnable", "max-avg", "scan", "tokenflow", SUM, "emd")
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
    return written(run(fit, test))


def written(found: Found) -> str:
    """Return the page of what was measured."""
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
    parts = {
        "alignments": [_training(method) for method in METHODS],
        "losses": [_training(method, loss) for method, some in LOSSES.items() for loss in some],
        "heads": [_training(SUM, head=kind) for kind in KINDS],
    }
    rates = chosen(fit, [one for some in parts.values() for one in some])
    weighed = [rates[one] for one in parts["alignments"] if one.method not in WEIGHED]
    measured, untrained = measure(fit, test, rates.values(), weighed)
    rows = {part: [measured[rates[one]] for one in some] for part, some in parts.items()}
    return Found(untrained=untrained, **rows)


def _training(method: str, loss: str = "infonce", head: str = CLOSED.head) -> Training:
    if method in WEIGHED:
        head = f"{head}+{method}"
    keeps = "projection" in head and method not in NO_QUEUE
    return Training(method, loss, head, queue=QUEUE if keeps else 0)


def _table(what: str, rows: Mapping[str, Measured]) -> Iterator[str]:
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
            _spread(one.validations),
            *(_spread(one.values("raw", key)) for key in ("R@1", "R@5", "R@10")),
            _spread(one.values("raw", "R@1", "v2t")),
            *(_bank(one, bank, way) for bank in NORMED for way in DIRECTIONS),
            f"{one.parameters:,}",
            "" if one.before else f"{np.mean([each.seconds for each in one.heads]):.0f}",
        )
        yield f"| `{name} | {' | '.join(cells)} |"


def _losses(method: str, measured: Sequence[Measured]) -> Iterator[str]:
    """R@1 and the normalization error by loss, raw and under each bank."""
    heads = [f"{bank} {way}" for bank in ("raw", *NORMED) for way in DIRECTIONS]
    yield f"| `{method}`, loss | rate | validation | {' | '.join(heads)} | error t2v | v2t |"
    yield f"|---|---:|---:|{'---:|' * (len(heads) + 2)}"
    for one in measured:
        if one.training.method == method:
            banks = ("raw", *NORMED)
            cells = (
                f"{one.training.lr:g}",
                _spread(one.validations),
                *(_bank(one, bank, way) for bank in banks for way in DIRECTIONS),
                *(_spread(one.errors(way), 2) for way in DIRECTIONS),
            )
            yield f"| `{one.training.loss}` | {' | '.join(cells)} |"


def _bank(one: Measured, bank: str, way: str) -> str:
    """R@1 with a bank; empty where the training kept none."""
    known = all(bank in each for each in one.results)
    return _spread(one.values(bank, "R@1", way)) if known else ""


def _spread(values: Sequence[float], decimals: int = 1) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{np.mean(values):.{decimals}f} ± {np.std(values, ddof=1):.{decimals}f}"
