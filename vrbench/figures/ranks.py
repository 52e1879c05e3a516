"""``ranks``: the distribution of the ranks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.figures import figures
from vrbench.figures.base import HATCHES, STAGES, Case, Figure, each_direction
from vrbench.figures.drawing import DASH, legend
from vrbench.sims.sim import DIRECTIONS

if TYPE_CHECKING:
    import pandas as pd


@figures.register("ranks")
@dataclass(frozen=True)
class RankHistogram(Figure):
    """Histogram of ranks in bins that double: 1, 2, 3-4, 5-8, ..."""

    def data(self, case: Case) -> pd.DataFrame:
        """Return direction, stage, bin (its least and greatest rank), queries and percent."""
        import pandas as pd

        rows = []
        for stage, sim in case.stages().items():
            for direction in DIRECTIONS:
                ranks, size = case.ranks(sim, direction), len(case.gallery(direction))
                edges = [0, *(2**i for i in range(int(np.ceil(np.log2(max(size, 2)))) + 1))]
                for low, high in pairwise(edges):
                    inside = int(((ranks > low) & (ranks <= high)).sum())
                    row = {"direction": direction, "stage": stage, "least": low + 1}
                    percent = 100 * inside / len(ranks)
                    rows.append({**row, "greatest": high, "queries": inside, "percent": percent})
        return pd.DataFrame(rows)

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of bars with long names."""
        return 2.0

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the stages side by side."""
        for _, part, panel in each_direction(data, axes):
            for i, stage in enumerate(STAGES):
                rows = part[part["stage"] == stage]
                place = np.arange(len(rows)) + 0.4 * (i - 0.5)
                panel.bar(place, rows["percent"], 0.4, label=stage, hatch=HATCHES[stage])
            first = part[part["stage"] == STAGES[0]]
            names = [
                str(high) if low == high else f"{low}{DASH}{high}"
                for low, high in zip(first["least"], first["greatest"], strict=True)
            ]
            panel.set_xticks(range(len(names)), names, rotation=90)
            panel.set_xlabel("rank of the best positive")
            panel.set_ylabel("% of queries")
        legend(axes)
