"""``training``: the curves of a head's training. Its data are a head file, not similarities."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any, ClassVar

from vrbench.errors import InputError
from vrbench.figures.drawing import GREY, MARKERS, legend, share_y
from vrbench.heads.curve import flat
from vrbench.heads.head import Head
from vrbench.sims.sim import DIRECTIONS

if TYPE_CHECKING:
    import pandas as pd

NAME = "training"


@dataclass(frozen=True)
class TrainingCurves:
    """Loss of each epoch, and recall on the validation videos; the kept epoch is marked."""

    needs: ClassVar[str] = "a head file"
    panels: ClassVar[tuple[int, int]] = (1, 3)

    def caption(self, head: Head) -> str:
        """Return which head it is, and what it was trained with."""
        about = head.about
        return f"{head.spec.spec}, {about.get('method')}, {about.get('loss')}, seed " + str(
            about.get("seed")
        )

    def data(self, head: Head) -> pd.DataFrame:
        """Return epoch, loss, scale, R@K of both directions in percent, and which is kept.

        Raises:
            InputError: the head says nothing of its training.
        """
        import pandas as pd

        rows = [row for row in head.about.get("validation", []) if isinstance(row, dict)]
        if not rows or not all({"epoch", "loss"} <= row.keys() for row in rows):
            raise InputError(f"{head.name} says nothing of its training: train one with epochs.")
        best = head.about.get("best")
        return pd.DataFrame([{**flat(row), "kept": row["epoch"] == best} for row in rows])

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of a row of curves."""
        return 1.7

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the loss, and the recalls of each direction."""
        axes[0].plot(data["epoch"], data["loss"].astype(float), "o-")
        axes[0].set_title("loss")
        share_y(axes[1:])
        for direction, panel in zip(DIRECTIONS, axes[1:], strict=True):
            panel.set_title(f"R@$K$, {direction}")
            names = [one for one in data.columns if one.startswith(f"{direction} ")]
            for marker, name in zip(cycle(MARKERS), names):
                panel.plot(data["epoch"], data[name], f"{marker}-", label=name.partition(" ")[2])
        for panel in axes:
            for epoch in data["epoch"][data["kept"]]:
                panel.axvline(epoch, color=GREY, linestyle=":")
            panel.xaxis.get_major_locator().set_params(integer=True)
            panel.set_xlabel("epoch (dotted: the one that is kept)")
        legend(axes[1:], 4)
