"""``anchor-top``: the top categories of each anchor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.anchoring import AnchorFigure
from vrbench.figures.base import Case
from vrbench.figures.drawing import SMALL, short

if TYPE_CHECKING:
    import pandas as pd

LISTED = 12
"""Anchors that the picture lists in words."""


@figures.register("anchor-top")
@dataclass(frozen=True)
class AnchorTop(AnchorFigure):
    """The categories of each anchor's videos, by rank.

    ``percent``: share of the anchor's videos that are of the category; ``lift``: that over the
    category's share of all videos.

    Source: Preserving Modality Structure, supplement, Table 8.

    Attributes:
        top: categories listed for each anchor.
        by: what they are ranked by: ``share`` or ``lift``, the first of equal ones first.

    Raises:
        InputError: ``top`` is below 1.
    """

    top: int = 3
    by: Literal["share", "lift"] = "share"
    source = "Preserving Modality Structure, supplement, Table 8"
    panels: ClassVar[tuple[int, int]] = (2, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.top < 1:
            raise InputError(f"top must be at least 1, it is {self.top}.")

    def data(self, case: Case) -> pd.DataFrame:
        """Return a row for each anchor with videos and category, by rank.

        Raises:
            InputError: there are no categories.
        """
        import pandas as pd

        found = self.anchored(case)
        chosen = found.assigned["video"]
        names = np.unique(found.categories)
        of_all = np.array([(found.categories == name).mean() for name in names])
        rows = []
        for anchor in np.flatnonzero(chosen.any(axis=0)):
            own = found.categories[chosen[:, anchor]]
            share = np.array([(own == name).mean() for name in names])
            ranked = share if self.by == "share" else share / of_all
            rows += [
                {
                    "anchor": int(anchor),
                    "videos": len(own),
                    "rank": rank,
                    "category": names[place],
                    "percent": 100 * float(share[place]),
                    "lift": float(share[place] / of_all[place]),
                    "top": rank <= self.top,
                }
                for rank, place in enumerate(np.argsort(-ranked, kind="stable"), 1)
            ]
        return pd.DataFrame(rows)

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of the lines of the list."""
        return 0.5 + 0.14 * min(LISTED, data["anchor"].nunique())

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the lift of every category and anchor; below it the top categories in words."""
        from matplotlib.transforms import blended_transform_factory

        matrix = data.pivot(index="category", columns="anchor", values="lift")
        most = max(2.0, float(matrix.to_numpy().max()))
        image = axes[0].imshow(matrix, aspect="auto", cmap="RdBu_r", vmin=2 - most, vmax=most)
        axes[0].set_yticks(range(len(matrix.index)), matrix.index.map(short))
        axes[0].set_xlabel("anchor")
        axes[0].figure.colorbar(image, ax=axes[0], aspect=40, pad=0.02)
        axes[0].set_title("share of a category, over that of all videos")
        axes[0].get_gridspec().set_height_ratios([5, 4])
        column = "percent" if self.by == "share" else "lift"
        first = data[data["rank"] == 1].nlargest(LISTED, column).sort_values("anchor")
        lines = []
        for anchor in first["anchor"]:
            part = data[(data["anchor"] == anchor) & data["top"]]
            both = zip(part["category"], part["percent"], strict=True)
            lines.append(f"{anchor}: {', '.join(f'{short(c)} {p:.0f}' for c, p in both)}")
        axes[1].set_axis_off()
        said = f"top {self.top} categories by {self.by}, in % of an anchor's videos"
        canvas = axes[1].figure
        left = blended_transform_factory(canvas.transFigure, axes[1].transAxes)
        text = "\n".join([f"Anchor: {said}", *lines])
        axes[1].text(0.01, 1, text, transform=left, va="top", fontsize=SMALL, in_layout=False)
