"""Multi-SK with SSPC (Tables 1 and 5 to 7) on MSR-VTT videos and on cooking videos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docs.levels_measured import Measured, evaluated
from docs.levels_norton import RATES
from docs.levels_tasks import reported
from docs.trained import spread
from docs.trainings import Training, Trainings
from vrbench.tasks.classes import Classification

HEAD = "projection:width=64+linear"
ANCHORS, K, QUEUE = 16, 8, 512
"""Of each side and space: a quarter of the paper's 64, half of them assigned as there."""
EPOCHS = 2
SSPC = f"sspc:anchors={ANCHORS},k={K},queue={QUEUE}"
PLAIN, OURS = "infonce", f"infonce+{SSPC}"
LOSSES = {
    "infonce alone": PLAIN,
    "CM 1, MS 1": OURS,
    "λ_nce 2, λ_sspc 1": f"2*infonce+{SSPC}",
    "λ_nce 1, λ_sspc 2": f"infonce+2*{SSPC}",
    "CM 0, MS 1": f"{OURS},cm=false",
    "CM 1, MS 0": f"{OURS},ms=false",
    "approach 2": f"{OURS},approach=2",
}
"""Rows of Tables 5 to 7; the second is the paper's own loss."""
COOKING = ("infonce alone", "CM 1, MS 1", "CM 0, MS 1", "CM 1, MS 0")
"""Rows of Table 6, which has YouCookII too: there on clips of the cooking videos."""
COOKING_HEAD, COOKING_EPOCHS = "projection+linear", 10
"""As for Norton's losses on these videos."""


@dataclass(frozen=True)
class Anchored:
    """What was found.

    Attributes:
        rows: on MSR-VTT, by the names of ``LOSSES``.
        cooking: on the clips of the cooking videos, by the names of ``COOKING``.
        accuracy: of clusters of the test videos matched with categories, of each seed.
        largest: share of the largest category, in percent.
    """

    rows: Mapping[str, Measured]
    cooking: Mapping[str, Measured]
    accuracy: Mapping[str, list[float]]
    largest: float


def run(
    parts: tuple[Path, Path], clips: tuple[Path, Path], folder: Path, kept: Path, lr: float
) -> Anchored:
    """Train with every seed, and measure once.

    Args:
        parts: training and test features of MSR-VTT, the test videos with their categories.
        clips: those of the cooking videos.
        folder: of heads.
        kept: of results.
        lr: learning rate on MSR-VTT, which others of these trainings have chosen on validation
            videos; for the cooking videos it is chosen here.
    """
    two, test = COOKING[:2], parts[1]
    rows = _rows(parts, folder, kept, {name: _training(name, lr) for name in LOSSES})
    on = Trainings(folder, clips[0])
    ours = _training(COOKING[1], lr, COOKING_HEAD, COOKING_EPOCHS)
    rate = on.chosen([ours], RATES)[ours].lr
    wanted = {name: _training(name, rate, COOKING_HEAD, COOKING_EPOCHS) for name in COOKING}
    cooking = _rows(clips, folder, kept, wanted)
    reports = {
        name: [reported(Classification(), test, head, kept) for head in rows[name].heads]
        for name in two
    }
    accuracy = {name: [one["accuracy"] for one in some] for name, some in reports.items()}
    largest = float(reports[two[0]][0]["largest class"])
    return Anchored(rows, cooking, accuracy, largest)


def _training(name: str, lr: float, head: str = HEAD, epochs: int = EPOCHS) -> Training:
    return Training(head, loss=LOSSES[name], lr=lr, epochs=epochs)


def _rows(
    parts: tuple[Path, Path], folder: Path, kept: Path, wanted: Mapping[str, Training]
) -> dict[str, Measured]:
    on, found = Trainings(folder, parts[0]), {}
    for name, one in wanted.items():
        heads = on.train([one])[one]
        results = [evaluated(parts[1], head, "global", kept) for head in heads]
        found[name] = Measured(one, heads, results)
    return found


def retrieval(rows: Mapping[str, Measured]) -> Iterator[str]:
    """Yield Tables 5 to 7, or some of their rows."""
    heads = ["loss", "validation", "epochs kept", "t2v R@1", "R@5", "R@10", "MdR", "MnR"]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    for name, one in rows.items():
        cells = [spread(one.validations), one.kept]
        cells += [spread(one.values("raw", k)) for k in ("R@1", "R@5", "R@10", "MdR", "MnR")]
        yield f"| {name} | {' | '.join(cells)} |"


def classification(found: Anchored) -> Iterator[str]:
    """Yield Table 1."""
    yield "| loss | accuracy |"
    yield "|---|---:|"
    for name, values in found.accuracy.items():
        yield f"| {name} | {spread(values)} |"
