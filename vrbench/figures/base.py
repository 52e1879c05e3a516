"""The interface of figures, and the case that they are made from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from vrbench.evaluation.case import STAGES, Case
from vrbench.figures import drawing
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.sims.sim import DIRECTIONS, Direction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HATCHES", "LINES", "MARKS", "STAGES", "Case", "Figure", "each_direction"]

LINES = {"raw": "-", "normalized": "--"}
MARKS = {"raw": "o", "normalized": "s"}
HATCHES = {"raw": "", "normalized": "/////"}
"""What tells the stages apart without colour."""

BOTH = "Both directions"
"""Title of a panel that takes the place of two."""


class Figure(ABC):
    """A frozen dataclass whose fields are the figure's parameters."""

    source: ClassVar[str] = ""
    """Paper and figure that it follows, for listings."""

    needs: ClassVar[str] = ""
    """Input that it needs besides similarities."""

    panels: ClassVar[tuple[int, int]] = (1, 2)
    """Rows and columns of axes that ``draw`` gets."""

    normalized: ClassVar[bool] = True
    """Whether it uses a norm; a figure without one needs no bank."""

    own_bank: ClassVar[str | None] = None
    """Kind of bank that the figure always uses, whatever ``--bank`` says."""

    def caption(self, case: Case) -> str:
        """Return what the picture is of: the title of its file."""
        return case.title(self.own_bank)

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of a row of panels, in a picture as wide as a paper's column."""
        return 1.7

    @abstractmethod
    def data(self, case: Case) -> pd.DataFrame:
        """Return the numbers, one row for each mark."""

    @abstractmethod
    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the numbers on matplotlib axes: an array of ``panels``, 1-d where it is one row."""


def each_direction(data: pd.DataFrame, axes: Any) -> list[tuple[Direction, pd.DataFrame, Any]]:
    """Pair the rows of each direction with its axes, titled and with one y axis.

    Where both directions have the same numbers, one panel takes the place of both.
    """
    parts = {direction: data[data["direction"] == direction] for direction in DIRECTIONS}
    t2v, v2t = (part.drop(columns="direction").reset_index(drop=True) for part in parts.values())
    if t2v.equals(v2t):
        panel = drawing.merge(axes)
        panel.set_title(BOTH)
        return [("t2v", parts["t2v"], panel)]
    drawing.share_y(axes)
    for direction, panel in zip(DIRECTIONS, axes, strict=True):
        panel.set_title(DIRECTION_NAMES[direction])
    return [(one, parts[one], panel) for one, panel in zip(DIRECTIONS, axes, strict=True)]
