"""``recalls``: R@K over K."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.figures import figures
from vrbench.figures.base import LINES, Case, Figure, each_direction
from vrbench.figures.drawing import GREY, legend
from vrbench.sims.sim import DIRECTIONS

if TYPE_CHECKING:
    import pandas as pd


@figures.register("recalls")
@dataclass(frozen=True)
class Recalls(Figure):
    """R@K of every K, raw and normalized, beside that of a random ranking."""

    def data(self, case: Case) -> pd.DataFrame:
        """Return direction, stage, K, R@K in percent and that of a random ranking."""
        import pandas as pd

        parts = []
        for stage, sim in case.stages().items():
            for direction in DIRECTIONS:
                ranks = case.ranks(sim, direction)
                size = len(case.gallery(direction))
                k = np.unique(np.geomspace(1, size, 200).round().astype(int))
                values = {
                    "direction": direction,
                    "stage": stage,
                    "K": k,
                    "R@K": [100 * float((ranks <= most).mean()) for most in k],
                    "one item by chance": 100 * k / size,
                }
                parts.append(pd.DataFrame(values))
        return pd.concat(parts, ignore_index=True)

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw a line for each stage."""
        for _, part, panel in each_direction(data, axes):
            for stage, rows in part.groupby("stage", sort=False):
                panel.plot(rows["K"], rows["R@K"], LINES[str(stage)], label=str(stage))
            chance = part[part["stage"] == part["stage"].iloc[0]]
            panel.plot(
                chance["K"], chance["one item by chance"], ":", color=GREY, label="by chance"
            )
            panel.set_xscale("log")
            panel.xaxis.set_major_formatter("{x:g}")
            panel.set_xlabel("$K$ (places, log scale)")
            panel.set_ylabel("R@$K$, % of queries")
            panel.set_ylim(0, 100)
            panel.grid(alpha=0.3, linewidth=0.5)
        legend(axes)
