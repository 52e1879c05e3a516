"""``representation``: shares of items retrieved first never, once, and more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.figures import figures
from vrbench.figures.base import HATCHES, STAGES, Case, Figure, each_direction
from vrbench.figures.drawing import legend
from vrbench.metrics.diagnostics import Representation
from vrbench.metrics.ranking import fold
from vrbench.sims.sim import DIRECTIONS

if TYPE_CHECKING:
    import pandas as pd


@figures.register("representation")
@dataclass(frozen=True)
class RepresentationFigure(Figure):
    """Shares of items that no query, one, or several retrieve first.

    Source: UCoFiA supplementary, Figure 5.
    """

    source = "UCoFiA Figure 5"

    def data(self, case: Case) -> pd.DataFrame:
        """Return direction, stage, group and share in percent."""
        import pandas as pd

        rows = []
        for stage, sim in case.stages().items():
            for direction in DIRECTIONS:
                queries = case.queries(sim, direction)
                votes = Representation(queries)
                fold(queries, [votes])
                names = ("never", "once", "twice or more")
                for name, share in zip(names, votes.shares().values(), strict=True):
                    row = {"direction": direction, "stage": stage, "retrieved first": name}
                    rows.append({**row, "percent": 100 * float(share)})
        return pd.DataFrame(rows)

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the stages side by side."""
        for _, part, panel in each_direction(data, axes):
            for i, stage in enumerate(STAGES):
                rows = part[part["stage"] == stage]
                place = np.arange(len(rows)) + 0.4 * (i - 0.5)
                panel.bar(place, rows["percent"], 0.4, label=stage, hatch=HATCHES[stage])
            names = [name.replace(" or", "\nor") for name in part["retrieved first"].unique()]
            panel.set_xticks(range(len(names)), names)
            panel.set_xlabel("queries that retrieve the item first")
            panel.set_ylabel("% of items")
        legend(axes)
