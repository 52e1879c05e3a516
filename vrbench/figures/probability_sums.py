"""``probability-sums``: how often an item is retrieved, and what it is wrong about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import HATCHES, LINES, STAGES, Case, Figure, each_direction
from vrbench.metrics.diagnostics import ProbabilitySums
from vrbench.metrics.ranking import fold
from vrbench.sims.sim import DIRECTIONS
from vrbench.sims.truth import Queries

if TYPE_CHECKING:
    import pandas as pd


LAST = 4
"""Where the picture ends: greater sums are in its last bin."""
RATES = {"false_negative": "o", "false_positive": "^"}
"""Marker of each rate."""


class FalseRetrievals:
    """Counts of wrong first places, item by item.

    Attributes:
        missed: (gallery,) own queries that do not retrieve the item first.
        wrong: (gallery,) foreign queries that do. A tie for the first place retrieves all of them.
    """

    def __init__(self, asking: Queries) -> None:
        self._asking = asking
        self.missed = np.zeros(asking.rows.width, dtype=np.int64)
        self.wrong = np.zeros(asking.rows.width, dtype=np.int64)

    def add(self, rows: slice, block: NDArray[Any]) -> None:
        """Add the queries ``rows``."""
        asking = self._asking
        first = block == block.max(axis=1, keepdims=True)
        own = np.zeros_like(first)
        inside = (asking.query >= rows.start) & (asking.query < rows.stop)
        own[asking.query[inside] - rows.start, asking.item[inside]] = True
        asked = asking.asked[rows]
        self.missed += (own & ~first).sum(axis=0)
        self.wrong += (first & ~own)[asked].sum(axis=0)


@figures.register("probability-sums")
@dataclass(frozen=True)
class ProbabilitySumsFigure(Figure):
    """Histogram of summed retrieval probabilities, with false negatives and positives.

    A row an item: its probability sum divided by what is due, the share of its own queries that do
    not retrieve it first (false negatives), the share of the foreign ones that do (false
    positives). NCL does not define the rates formally; this is our reading.

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
                asking = case.asking(sim, direction)
                sums, false = ProbabilitySums(asking, case.norm.gamma), FalseRetrievals(asking)
                fold(asking, [sums, false])
                due = asking.expected > 0
                own = np.bincount(asking.item, minlength=asking.rows.width)
                values = {
                    "direction": direction,
                    "stage": stage,
                    "item": case.gallery(direction)[due],
                    "sum": sums.sums[due] / asking.expected[due],
                    "false_negative": false.missed[due] / own[due],
                    "false_positive": false.wrong[due]
                    / np.maximum(asking.asked.sum() - own, 1)[due],
                }
                parts.append(pd.DataFrame(values))
        return pd.concat(parts, ignore_index=True)

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the histogram of each stage above, the false rates of its bins (where not 0) below.

        The rates are on a log scale, since a false positive has all foreign queries to come from.
        """
        edges = np.linspace(0, LAST, self.bins + 1)
        middle, width = (edges[:-1] + edges[1:]) / 2, 0.45 * LAST / self.bins
        ticks = range(LAST + 1)
        for (_, part, bars), rates in zip(each_direction(data, axes[0]), axes[1], strict=True):
            for stage, rows in part.groupby("stage", sort=False):
                style = f"C{STAGES.index(str(stage))}"
                inside = np.minimum(rows["sum"].to_numpy(), LAST)
                place = np.clip(np.digitize(inside, edges) - 1, 0, self.bins - 1)
                counts = np.bincount(place, minlength=self.bins)
                beside = middle + width * (STAGES.index(str(stage)) - 0.5)
                hatch = HATCHES[str(stage)]
                bars.bar(beside, counts, width, color=style, hatch=hatch, label=str(stage))
                for kind, marker in RATES.items():
                    share = 100 * rows[kind].groupby(place).mean()
                    share = share[share > 0]
                    label = f"{kind.replace('_', ' ')}s, {stage}"
                    line = f"{marker}{LINES[str(stage)]}"
                    rates.plot(middle[share.index], share, line, color=style, label=label)
            bars.set_ylabel("items")
            bars.legend()
            rates.set_yscale("log")
            rates.set_ylabel("percent of own, of foreign queries")
            rates.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
            for panel in (bars, rates):
                panel.axvline(1, color="gray", linewidth=1)
                panel.set_xlabel("sum of retrieval probabilities (1 is due)")
                panel.set_xlim(0, LAST)
                panel.set_xticks(ticks, [*map(str, ticks[:-1]), f"{LAST}+"])
