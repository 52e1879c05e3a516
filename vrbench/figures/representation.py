"""``representation``: shares of items retrieved first never, once, and more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vrbench.figures import figures
from vrbench.figures.base import HATCHES, STAGES, Case, Figure, each_direction
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
            table = part.pivot_table("percent", "retrieved first", "stage", sort=False)
            table[list(STAGES)].plot.bar(ax=panel, rot=0)
            for bars, stage in zip(panel.containers, STAGES, strict=True):
                for bar in bars:
                    bar.set_hatch(HATCHES[stage])
            panel.legend()
            panel.set_xlabel("retrieved first")
            panel.set_ylabel("percent of the items")
