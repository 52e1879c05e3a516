"""What a figure is made of, and what it is made from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from vrbench.evaluation.case import STAGES, Case
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.sims.sim import DIRECTIONS, Direction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HATCHES", "LINES", "STAGES", "Case", "Figure", "each_direction"]

LINES = {"raw": "-", "normalized": "--"}
HATCHES = {"raw": "", "normalized": "//"}
"""How the stages differ without colour."""


class Figure(ABC):
    """A frozen dataclass whose fields are the figure's parameters."""

    source: ClassVar[str] = ""
    """Paper and figure that it follows, for listings."""

    needs: ClassVar[str] = ""
    """What similarities alone do not give it."""

    panels: ClassVar[tuple[int, int]] = (1, 2)
    """Rows and columns of axes that ``draw`` gets."""

    normalized: ClassVar[bool] = True
    """Whether a norm takes part; where none does, none is asked for a bank."""

    own_bank: ClassVar[str | None] = None
    """Kind of bank that the figure is about, whatever was asked for."""

    def caption(self, case: Case) -> str:
        """Return what the picture is of, for its head."""
        return case.title(self.own_bank)

    @abstractmethod
    def data(self, case: Case) -> pd.DataFrame:
        """Return the numbers, one row a mark."""

    @abstractmethod
    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the numbers on matplotlib axes: an array of ``panels``, 1-d where it is one row."""


def each_direction(data: pd.DataFrame, axes: Any) -> list[tuple[Direction, pd.DataFrame, Any]]:
    """Pair the rows of each direction with its axes, titled."""
    parts = []
    for direction, panel in zip(DIRECTIONS, axes, strict=True):
        panel.set_title(DIRECTION_NAMES[direction])
        parts.append((direction, data[data["direction"] == direction], panel))
    return parts
