"""``probability-sums``: how often an item is retrieved, and by which wrong queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import HATCHES, LINES, STAGES, Case, Figure, each_direction
from vrbench.figures.drawing import COLORS, GREY, legend, share_y
from vrbench.metrics.diagnostics import ProbabilitySums
from vrbench.metrics.ranking import fold
from vrbench.sims.sim import DIRECTIONS
from vrbench.sims.truth import Queries

if TYPE_CHECKING:
    import pandas as pd


LAST = 4
"""Right end of the picture; greater sums are in its last bin."""
RATES = {"false_negative": "o", "false_positive": "^"}
"""Marker of each rate."""
MEANT = {
    "false_negative": "missed, % of its positives",
    "false_positive": "wrongly first, % of its negatives",
}


class FalseRetrievals:
    """Counts of wrong first places, item by item.

    Attributes:
        missed: (gallery,) positive queries that do not retrieve the item first.
        wrong: (gallery,) negative queries that do. A tie for the first place retrieves all of them.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self.missed = np.zeros(queries.rows.width, dtype=np.int64)
        self.wrong = np.zeros(queries.rows.width, dtype=np.int64)

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        """Add the queries ``rows``."""
        queries = self._queries
        first = block == block.max(axis=1, keepdims=True)
        positive = np.zeros_like(first)
        inside = (queries.query >= rows.start) & (queries.query < rows.stop)
        positive[queries.query[inside] - rows.start, queries.item[inside]] = True
        has_positive = queries.has_positive[rows]
        self.missed += (positive & ~first).sum(axis=0)
        self.wrong += (first & ~positive)[has_positive].sum(axis=0)


@figures.register("probability-sums")
@dataclass(frozen=True)
class ProbabilitySumsFigure(Figure):
    """Histogram of summed retrieval probabilities, with false negatives and positives.

    Each row is an item: its probability sum divided by the expected sum, the share of its positive
    queries that do not retrieve it first (false negatives), and the share of the negative queries
    that do (false positives). NCL does not define the rates formally; this is our reading.

    Source: NCL Figure 3 and eq. 5.

    Attributes:
        bins: of the picture, from 0 to 4 (more is in the last bin).

    Raises:
        InputError: ``bins`` is below 2.
    """

    bins: int = 16
    source = "NCL Figure 3"
    panels = (2, 2)

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise InputError(f"bins must be at least 2, it is {self.bins}.")

    def data(self, case: Case) -> pd.DataFrame:
        """Return a row for each item, direction and stage (the norm's own scores are left out)."""
        import pandas as pd

        case.items("probability-sums")
        parts = []
        for stage, sim in case.stages().items():
            if stage == "normalized" and not case.norm.keeps_scale:
                continue
            for direction in DIRECTIONS:
                queries = case.queries(sim, direction)
                sums, false = ProbabilitySums(queries, case.norm.gamma), FalseRetrievals(queries)
                fold(queries, [sums, false])
                some = queries.expected > 0
                positives = np.bincount(queries.item, minlength=queries.rows.width)
                negatives = np.maximum(queries.has_positive.sum() - positives, 1)
                values = {
                    "direction": direction,
                    "stage": stage,
                    "item": case.gallery(direction)[some],
                    "sum": sums.sums[some] / queries.expected[some],
                    "false_negative": false.missed[some] / positives[some],
                    "false_positive": false.wrong[some] / negatives[some],
                }
                parts.append(pd.DataFrame(values))
        return pd.concat(parts, ignore_index=True)

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the histogram of each stage above, the false rates of its bins (where not 0) below.

        The rates are on a log scale: the share of false positives is small, since nearly all
        queries are negatives of an item.
        """
        edges = np.linspace(0, LAST, self.bins + 1)
        middle, width = (edges[:-1] + edges[1:]) / 2, 0.45 * LAST / self.bins
        share_y(axes[1])
        for (_, part, bars), rates in zip(each_direction(data, axes[0]), axes[1], strict=True):
            for stage, rows in part.groupby("stage", sort=False):
                style = COLORS[STAGES.index(str(stage))]
                inside = np.minimum(rows["sum"].to_numpy(), LAST)
                place = np.clip(np.digitize(inside, edges) - 1, 0, self.bins - 1)
                counts = np.bincount(place, minlength=self.bins)
                beside = middle + width * (STAGES.index(str(stage)) - 0.5)
                hatch = HATCHES[str(stage)]
                bars.bar(beside, counts, width, color=style, hatch=hatch, label=str(stage))
                for kind, marker in RATES.items():
                    share = 100 * rows[kind].groupby(place).mean()
                    share = share[share > 0]
                    line = f"{marker}{LINES[str(stage)]}"
                    rates.plot(middle[share.index], share, line, color=style)
            bars.set_ylabel("items")
            rates.set_yscale("log")
            rates.yaxis.set_major_formatter("{x:g}")
            rates.set_ylabel("false retrievals, %")
            for panel in (bars, rates):
                panel.axvline(1, color=GREY, linewidth=0.6)
                panel.set_xlabel("an item's sum of retrieval probabilities (1 is expected)")
                panel.set_xlim(0, LAST)
                panel.set_xticks(range(LAST + 1), [*map(str, range(LAST)), f"{LAST}+"])
        for kind, marker in RATES.items():
            axes[1, 0].plot([], [], marker, color=GREY, label=MEANT[kind])
        legend(axes.ravel(), 2)
