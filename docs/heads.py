"""What training gives on stored features: heads, alignments and losses, three seeds each."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

from docs.heads_found import Found
from docs.heads_measured import measure
from docs.heads_memory import peaks
from docs.heads_numbers import numbers
from docs.heads_rates import chosen, tried
from docs.heads_runs import (
    BUILD,
    CLOSED,
    EPOCHS,
    FEW,
    MOST,
    QUEUE,
    SUM,
    Training,
)
from docs.heads_tables import alignments, losses, rates
from docs.regions import filled
from features import make
from vrbench.features import open_features

PAGE = Path(__file__).parent / "heads.md"
SLOW = ("emd",)
"""Methods with fewer epochs, and without a queue as a bank."""
KINDS = ("linear", "projection+linear")
METHODS = ("global", "uniform", "learnable", "max-avg", "scan", "tokenflow", SUM, "emd")
"""Of TokenFlow's Tables 5 and 6, and TokenFlow without the global similarity."""
WEIGHED = ("learnable",)
"""Those that read weights of their own from a head."""
MOMENTUM = "momentum:ema=0.95,queue=16"
"""With the numbers of TokenFlow's Appendix E."""
LOSSES = ("infonce", "ncl", MOMENTUM, "dsl", "triplet", "15*ncl:gamma=0.07")
"""Of the global vectors."""


def page(shared: Path) -> str:
    """Return the page; what is extracted, trained and measured stays in ``build/heads``."""
    models, test = Path("build") / "models", BUILD / "test.h5"
    fit = make.fitting(shared, models, BUILD)
    make.testing(shared, models, BUILD, test)
    return written(run(fit, test))


def written(found: Found) -> str:
    """Return the page with what was measured."""
    rows = {f"`{one.training.method}`, closed form": one for one in found.untrained}
    rows |= {f"`{one.training.method}`": one for one in found.alignments}
    kinds = {f"`{one.training.head}`": one for one in found.heads}
    tables = {
        "rates": rates(found.tries),
        "heads": alignments("head", kinds),
        "alignments": alignments("alignment", rows),
        "losses": losses("`global`, loss", {_named(one.training): one for one in found.losses}),
    }
    made = {f"table.{name}": "\n".join(lines) for name, lines in tables.items()}
    return filled(PAGE.read_text(encoding="utf-8"), {**numbers(found), **made})


def _named(one: Training) -> str:
    return f"`{one.loss}`" + f", {MOST} epochs" * (one.epochs == MOST)


def run(fit: Path, test: Path) -> Found:
    """Choose learning rates on validation videos of the training features, then measure once."""
    wanted = {
        "alignments": [_training(method) for method in METHODS],
        "losses": [_training("global", loss) for loss in LOSSES],
        "heads": [_training(SUM, head=kind) for kind in KINDS],
    }
    wanted["losses"].insert(1, replace(_training("global"), epochs=MOST))
    tries = tried(fit, chain(*wanted.values()))
    parts = {part: [chosen(tries, one) for one in some] for part, some in wanted.items()}
    weighed = [one for one in parts["alignments"] if one.method not in WEIGHED]
    measured, untrained = measure(fit, test, chain(*parts.values()), weighed)
    most = peaks(fit, dict.fromkeys(chain(*parts.values())))
    rows = {
        part: [replace(measured[one], peak=most.get(one)) for one in some]
        for part, some in parts.items()
    }
    with open_features(fit) as features:
        size = sum(side.tokens.nbytes for side in (features.text, features.video))
    return Found(untrained=untrained, tries=tries, size=size, **rows)


def _training(method: str, loss: str = "infonce", head: str = CLOSED.head) -> Training:
    if method in WEIGHED:
        head = f"{head}+{method}"
    keeps = "projection" in head and method not in SLOW
    epochs = FEW if method in SLOW else EPOCHS
    return Training(method, loss, head, queue=QUEUE if keeps else 0, epochs=epochs)
