"""Multi-SK with SSPC (Tables 1 and 5 to 7) on MSR-VTT videos of 20 categories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docs.levels_measured import Measured, evaluated
from docs.levels_tasks import reported
from docs.trained import spread
from docs.trainings import Training, Trainings
from vrbench.tasks.classes import Classification

HEAD = "projection:width=64+linear"
ANCHORS, K, QUEUE = 16, 8, 512
"""Of each side and space: a quarter of the paper's 64, half of them assigned as there."""
EPOCHS = 1
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


@dataclass(frozen=True)
class Anchored:
    """What was found.

    Attributes:
        rows: on MSR-VTT, by the names of ``LOSSES``.
        accuracy: of clusters of the test videos matched with categories, of each seed.
        largest: share of the largest category, in percent.
    """

    rows: Mapping[str, Measured]
    accuracy: Mapping[str, list[float]]
    largest: float


def run(fit: Path, test: Path, folder: Path, kept: Path, lr: float) -> Anchored:
    """Train with every seed, and measure once.

    Args:
        fit: training features of MSR-VTT.
        test: its test videos, with their categories.
        folder: of heads.
        kept: of results.
        lr: learning rate, which others of these trainings have chosen on validation videos.
    """
    rows, two = _rows(Trainings(folder, fit), test, kept, lr), ("infonce alone", "CM 1, MS 1")
    reports = {
        name: [reported(Classification(), test, head, kept) for head in rows[name].heads]
        for name in two
    }
    accuracy = {name: [one["accuracy"] for one in some] for name, some in reports.items()}
    largest = float(reports[two[0]][0]["largest class"])
    return Anchored(rows, accuracy, largest)


def _rows(on: Trainings, test: Path, kept: Path, lr: float) -> dict[str, Measured]:
    found = {}
    for name, loss in LOSSES.items():
        one = Training(HEAD, loss=loss, epochs=EPOCHS, lr=lr)
        heads = on.train([one])[one]
        results = [evaluated(test, head, "global", kept) for head in heads]
        found[name] = Measured(one, heads, results)
    return found


def retrieval(found: Anchored) -> Iterator[str]:
    """Yield Tables 5 to 7."""
    heads = ["loss", "validation", "epochs kept", "t2v R@1", "R@5", "R@10", "MdR", "MnR"]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    for name, one in found.rows.items():
        cells = [spread(one.validations), one.kept]
        cells += [spread(one.values("raw", k)) for k in ("R@1", "R@5", "R@10", "MdR", "MnR")]
        yield f"| {name} | {' | '.join(cells)} |"


def classification(found: Anchored) -> Iterator[str]:
    """Yield Table 1."""
    yield "| loss | accuracy |"
    yield "|---|---:|"
    for name, values in found.accuracy.items():
        yield f"| {name} | {spread(values)} |"
