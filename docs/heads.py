"""What training gives on stored features: heads, alignments and losses, three seeds each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from docs.heads_longer import best, longer, trainings
from docs.heads_measured import Measured, measure
from docs.heads_runs import BUILD, CLOSED, SUM, Training, tried
from docs.heads_tables import alignments, losses
from docs.heads_text import ALIGNMENTS, HEAD, HEADS, OBJECTIVES, Found, seen
from features import make

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
        *(
            HEADS,
            "\n".join(alignments("head", {f"{one.training.head}`": one for one in found.heads})),
        ),
        *(ALIGNMENTS, "\n".join(alignments("alignment", named))),
        OBJECTIVES,
        *(_of(method, found.losses) for method in LOSSES),
        longer(found),
    ]
    return "\n\n".join(parts) + "\n"


def _of(method: str, measured: Sequence[Measured]) -> str:
    rows = {f"`{m.training.loss}`": m for m in measured if m.training.method == method}
    return "\n".join(losses(f"`{method}`, loss", rows))


def run(fit: Path, test: Path) -> Found:
    """Choose learning rates on validation videos of the training features, then measure once."""
    parts = {
        "alignments": [_training(method) for method in METHODS],
        "losses": [_training(method, loss) for method, some in LOSSES.items() for loss in some],
        "heads": [_training(SUM, head=kind) for kind in KINDS],
    }
    rates = {one: best(some) for one, some in tried(fit, chain(*parts.values())).items()}
    curves, more = trainings(fit)
    weighed = [rates[one] for one in parts["alignments"] if one.method not in WEIGHED]
    measured, untrained = measure(fit, test, [*rates.values(), *more], weighed)
    rows = {part: [measured[rates[one]] for one in some] for part, some in parts.items()}
    return Found(untrained=untrained, longer=[measured[one] for one in more], curves=curves, **rows)


def _training(method: str, loss: str = "infonce", head: str = CLOSED.head) -> Training:
    return Training(method, loss, f"{head}+{method}" if method in WEIGHED else head)
