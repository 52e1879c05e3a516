"""The tables and the picture of sequences.md: offsets and releases, order, noise."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks import offsets
from docs.regions import filled
from docs.sequences_claims import check
from vrbench.evaluation.evaluation import Evaluation
from vrbench.figures.plot import plot
from vrbench.figures.sequence_noise import NOISES, SequenceNoise
from vrbench.tasks.order import ordered
from vrbench.tasks.ordering_file import read_pairs

if TYPE_CHECKING:
    import pandas as pd

FEATURES = Path(__file__).parents[1] / "features" / "youcook2-600.h5"
METHODS = {
    "uniform": "mean",
    "token-mean": "max",
    "lse:alpha=0.1": "lse, alpha 0.1",
    "lse:alpha=0.2": "lse, alpha 0.2",
    "lse": "lse, alpha 1",
}
"""Alignments below the sequence alignments, and what Norton calls them."""
SHOWN = "token-mean"
"""The alignment whose numbers are given at every rate."""
PAGE = Path(__file__).parent / "sequences.md"
PICTURE = Path(__file__).parent / "sequence-noise.svg"
"""Those numbers, drawn."""
WAYS = (
    *("assignment", "transport", "transport:reg=0.01", "transport:bucket_value=0.25"),
    *("dtw", "otam", "drop-dtw", "greedy", "argmax"),
)


def page(shared: Path) -> str:
    """Write the picture and return the page."""
    found = {method: _noise(method) for method in METHODS}
    ordering = ordered(read_pairs(shared / "data" / "youcook2_demo" / "sequences.json"), WAYS)
    check(list(offsets.rows()), ordering, found, SHOWN)
    tables = {
        "offsets": offsets.table(),
        "order": _order(ordering),
        "noise": _noise_table(found),
        "buckets": _buckets(found[SHOWN]),
    }
    text = PAGE.read_text(encoding="utf-8")
    return filled(text, {name: "\n".join(lines) for name, lines in tables.items()})


def _order(ordering: list[dict[str, Any]]) -> list[str]:
    lines = ["| how | videos wholly in order | captions right |", "|---|---:|---:|"]
    for report in ordering:
        whole, right = report["wholly in order"], report["captions right"]
        lines.append(f"| `{report['how']}` | {whole:.2f} | {right:.2f} |")
    return lines


def _noise(method: str) -> pd.DataFrame:
    case = Evaluation.open(FEATURES).case(method)
    if method != SHOWN:
        return SequenceNoise(steps=1).data(case)
    with TemporaryDirectory() as folder:
        data, written = plot(SequenceNoise(), case, PICTURE.stem, Path(folder))
        (drawn,) = (path for path in written if path.suffix == PICTURE.suffix)
        PICTURE.write_bytes(drawn.read_bytes())
    return data


def _noise_table(found: dict[str, pd.DataFrame]) -> list[str]:
    """R@1 without noise and at the highest rate of each kind, by alignment."""
    heads = ["none", *(f"{noise} {_most(found[SHOWN], noise):.0%}" for noise in NOISES)]
    lines = [
        f"| below | alignment | {' | '.join(heads)} |",
        f"|---|---|{'---:|' * len(heads)}",
    ]
    for method, data in found.items():
        for spec, rows in data.groupby("sequence", sort=False):
            worst = rows.loc[rows.groupby("noise", sort=False)["rate"].idxmax()]
            by_noise = worst.set_index("noise")["R@1"]
            cells = " | ".join(f"{by_noise[noise]:.1f}" for noise in ("none", *NOISES))
            lines.append(f"| {METHODS[method]} | `{spec}` | {cells} |")
    return lines


def _most(data: pd.DataFrame, noise: str) -> float:
    return float(data[data["noise"] == noise]["rate"].max())


def _buckets(data: pd.DataFrame) -> list[str]:
    removed = data[data["precision"].notna()]
    rates = sorted(set(removed["rate"]))
    lines = [
        f"| what the bucket removed | {' | '.join(f'{rate:.0%} planted' for rate in rates)} |",
        f"|---|{'---:|' * len(rates)}",
    ]
    for spec, rows in removed.groupby("sequence", sort=False):
        cells = [f"{row.precision:.1f} / {row.recall:.1f}" for row in rows.itertuples()]
        lines.append(f"| `{spec}` | {' | '.join(cells)} |")
    return lines
