"""UCoFiA's levels with and without Sinkhorn-Knopp, its ways of attention, and X-CLIP beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from docs.levels_measured import Measured, evaluated
from docs.trained import SEEDS, spread
from docs.trainings import Training, Trainings

BEFORE = "projection:width=64+linear"
"""Takes all tokens into one space, in closed form, and is trained on from there."""
EPOCHS = 2
RATES = (1e-4, 3e-4, 1e-3)
"""Learning rates that are tried with the first seed, for ``TRIED``."""
TRIED, WHOLE = "ucofia:levels=video+frame", "ucofia"
LEVELS = {
    "video": "ucofia:levels=video",
    "video + frame": TRIED,
    "video + frame + patch": WHOLE,
}
"""Rows of Figure 5 and of Table 9 in shape."""
WAYS = {
    "both": WHOLE,
    "patch-then-word": "ucofia:bi=patch-word",
    "word-then-patch": "ucofia:bi=word-patch",
}
"""The rows of Table 14, each read behind the heads that are trained with both."""
MODELS = {"X-CLIP": "xclip", "UCoFiA": WHOLE}
"""The rows of Table 13."""
NORM = "sk"


@dataclass(frozen=True)
class Ucofia:
    """What was found.

    Attributes:
        rows: by the spec of the method.
        tries: validation of the first seed by rate.
    """

    rows: Mapping[str, Measured]
    tries: Mapping[float, float]


def run(fit: Path, test: Path, folder: Path, kept: Path) -> Ucofia:
    """Choose a rate on validation videos, train with every seed, and measure once.

    Args:
        fit: training features of MSR-VTT.
        test: its test videos, with a bank.
        folder: of heads.
        kept: of results.
    """
    on = Trainings(folder, fit, alone=True)
    methods = dict.fromkeys([*LEVELS.values(), *MODELS.values(), *WAYS.values()])
    wanted = {one: Training(f"{BEFORE}+{one}", one, epochs=EPOCHS) for one in methods}
    cheap = wanted[TRIED]
    lr = on.chosen([cheap], RATES)[cheap].lr
    tries = {rate: on.trained(replace(cheap, lr=rate), SEEDS[0]).validation for rate in RATES}
    found = {}
    for method, one in wanted.items():
        training = replace(one, lr=lr)
        heads = on.train([training])[training]
        results = [evaluated(test, head, method, kept, norms=NORM) for head in heads]
        found[method] = Measured(training, heads, results)
    return Ucofia(found, tries)


def levels(found: Ucofia) -> Iterator[str]:
    """Yield a row for each set of levels, without and with the norm."""
    heads = [
        "levels",
        "norm",
        "validation",
        "epochs kept",
        "t2v R@1",
        "R@5",
        "R@10",
        "MnR",
        "v2t R@1",
        "R@10",
    ]
    heads += ["never first", "once", "twice or more", "newly retrieved"]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---|{'---:|' * (len(heads) - 2)}"
    for name, method in LEVELS.items():
        one = found.rows[method]
        for what, label in (("raw", "none"), (NORM, f"`{NORM}`")):
            cells = [spread(one.validations), one.kept] if what == "raw" else ["", ""]
            cells += [spread(one.values(what, key)) for key in ("R@1", "R@5", "R@10", "MnR")]
            cells += [spread(one.values(what, key, "v2t")) for key in ("R@1", "R@10")]
            shares = (one.shares(what, key) for key in ("under", "once", "over"))
            cells += [spread([100 * share for share in each]) for each in shares]
            cells.append(spread(one.shares(what, "newly")) if what == NORM else "")
            yield f"| {name} | {label} | {' | '.join(cells)} |"


def ways(found: Ucofia) -> Iterator[str]:
    """Yield Table 14, without a norm."""
    heads = ["attention", "validation", "epochs kept", "t2v R@1", "R@5", "R@10", "MnR"]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    for name, method in WAYS.items():
        one = found.rows[method]
        cells = [spread(one.validations), one.kept]
        cells += [spread(one.values("raw", key)) for key in ("R@1", "R@5", "R@10", "MnR")]
        yield f"| {name} | {' | '.join(cells)} |"


def costs(found: Ucofia) -> Iterator[str]:
    """Yield Table 13."""
    heads = ["model", "t2v R@1", "R@10", "with `sk`: R@1", "R@10", "parameters", "peak memory, GB"]
    heads += ["CPU seconds an epoch"]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    for name, method in MODELS.items():
        one = found.rows[method]
        cells = [spread(one.values(w, key)) for w in ("raw", NORM) for key in ("R@1", "R@10")]
        cells.append(f"{one.heads[0].parameters:,}")
        cells.append(f"{max(head.gigabytes for head in one.heads):.2f}")
        cells.append(f"{np.min([head.per_epoch for head in one.heads]):.0f}")
        yield f"| {name} | {' | '.join(cells)} |"
