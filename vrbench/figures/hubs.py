"""``hubs``: the items that are among the nearest of the most queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.errors import InputError
from vrbench.evaluation.describing import gallery_captions
from vrbench.figures import figures
from vrbench.figures.base import LINES, MARKS, STAGES, Case, Figure, each_direction
from vrbench.figures.drawing import legend
from vrbench.metrics.diagnostics import HUB_K, Occurrences, Representation
from vrbench.metrics.ranking import fold
from vrbench.sims.sim import DIRECTIONS

if TYPE_CHECKING:
    import pandas as pd

NEAREST = f"among the {HUB_K} nearest"


@figures.register("hubs")
@dataclass(frozen=True)
class Hubs(Figure):
    """The items with the most occurrences and their captions, before and after the norm.

    Source: k-occurrence, Radovanovic et al., JMLR 2010.

    Attributes:
        top: hubs listed for each direction and stage.

    Raises:
        InputError: ``top`` is below 1.
    """

    top: int = 20
    source = "Radovanovic et al., JMLR 2010"

    def __post_init__(self) -> None:
        if self.top < 1:
            raise InputError(f"top must be at least 1, it is {self.top}.")

    def data(self, case: Case) -> pd.DataFrame:
        """Return the hubs: how often among the 10 nearest, how often first, id and caption."""
        import pandas as pd

        rows = []
        for stage, sim in case.stages().items():
            for direction in DIRECTIONS:
                queries = case.queries(sim, direction)
                near, votes = Occurrences(queries), Representation(queries)
                fold(queries, [near, votes])
                names, captions = case.gallery(direction), gallery_captions(case.source, direction)
                rows += [
                    {
                        "direction": direction,
                        "stage": stage,
                        "item": names[place],
                        NEAREST: int(near.counts[place]),
                        "first": float(votes.votes[place]),
                        "skewness": near.skewness,
                        "caption": captions[place],
                    }
                    for place in np.argsort(-near.counts, kind="stable")[: self.top]
                ]
        return pd.DataFrame(rows)

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw how often each hub is among the nearest."""
        for _, part, panel in each_direction(data, axes):
            for stage, rows in part.groupby("stage", sort=False):
                counts = rows[NEAREST].to_numpy()
                style = f"{MARKS[str(stage)]}{LINES[str(stage)]}"
                panel.plot(range(1, len(counts) + 1), counts, style, label=str(stage))
            before, after = (part[part["stage"] == stage]["skewness"].iloc[0] for stage in STAGES)
            panel.set_title(f"{panel.get_title()}\nskewness {before:.2f} → {after:.2f}")
            panel.set_ylim(0, 1.05 * data[NEAREST].max())
            for axis in (panel.xaxis, panel.yaxis):
                axis.get_major_locator().set_params(integer=True)
            panel.set_xlabel("hub, by rank")
            panel.set_ylabel(f"times among {HUB_K} nearest")
        legend(axes)
