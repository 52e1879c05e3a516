"""``similarities``: those of positive and negative pairs, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import STAGES, Case, Figure, each_direction
from vrbench.figures.drawing import COLORS, legend
from vrbench.sims.sim import DIRECTIONS, Direction, Sim

if TYPE_CHECKING:
    import pandas as pd


@figures.register("similarities")
@dataclass(frozen=True)
class Similarities(Figure):
    """Histogram of the similarities of positive and of negative pairs.

    Each stage has separate bins, since a norm may change the scale.

    Attributes:
        bins: between the least and the greatest similarity of a stage.

    Raises:
        InputError: ``bins`` is below 2.
    """

    bins: int = 60
    panels = (2, 2)

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise InputError(f"bins must be at least 2, it is {self.bins}.")

    def data(self, case: Case) -> pd.DataFrame:
        """Return a row for each stage, direction, kind of pair and bin: edges, count, share."""
        import pandas as pd

        parts = []
        for stage, sim in case.stages().items():
            for direction in DIRECTIONS:
                for pairs, (count, edges) in self._counts(case, sim, direction).items():
                    values = {
                        "stage": stage,
                        "direction": direction,
                        "pairs": pairs,
                        "from": edges[:-1],
                        "to": edges[1:],
                        "count": count,
                        "percent": 100 * count / max(count.sum(), 1),
                    }
                    parts.append(pd.DataFrame(values))
        return pd.concat(parts, ignore_index=True)

    def _counts(
        self, case: Case, sim: Sim, direction: Direction
    ) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        queries, truth = case.queries(sim, direction), case.source.truth
        matrix = getattr(sim, direction)
        edges = np.linspace(float(matrix.min()), float(matrix.max()), self.bins + 1)
        everything = np.zeros(self.bins, dtype=np.int64)
        for block in queries.rows:
            everything += np.histogram(block, edges)[0]
        right = np.histogram(np.asarray(matrix)[truth.text, truth.video], edges)[0]
        return {"right": (right, edges), "other": (everything - right, edges)}

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw a row of panels for each stage, a column for each direction."""
        styles = {"right": (COLORS[1], "-", 0.35), "other": (COLORS[0], "--", 0.0)}
        for stage, row in zip(STAGES, axes, strict=True):
            known = data[data["stage"] == stage]
            for _, part, panel in each_direction(known, row):
                for pairs, rows in part.groupby("pairs", sort=False):
                    color, line, alpha = styles[str(pairs)]
                    edges = [*rows["from"], rows["to"].iloc[-1]]
                    panel.stairs(rows["percent"], edges, color=color, fill=True, alpha=alpha)
                    label = f"{pairs} pairs ({rows['count'].sum():,})"
                    panel.stairs(rows["percent"], edges, color=color, linestyle=line, label=label)
                panel.set_title(f"{panel.get_title()}, {stage}")
                panel.set_xlabel("similarity")
                panel.set_ylabel("% of these pairs")
                panel.set_ylim(0, 1.05 * known["percent"].max())
        legend(axes.ravel(), 2)
