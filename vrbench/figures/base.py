"""The interface of figures, and the case that they are made from."""

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
"""Patterns that tell the stages apart without colour."""


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
        """Return the title of the picture."""
        return case.title(self.own_bank)

    @abstractmethod
    def data(self, case: Case) -> pd.DataFrame:
        """Return the numbers, one row for each mark."""

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
