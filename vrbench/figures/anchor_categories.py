"""``anchor-categories``: the categories of the videos that have one anchor, and a pair of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.anchoring import AnchorFigure
from vrbench.figures.base import Case
from vrbench.figures.drawing import legend, share_y, short

if TYPE_CHECKING:
    import pandas as pd

OF = ("all videos", "one anchor", "two anchors")


@figures.register("anchor-categories")
@dataclass(frozen=True)
class AnchorCategories(AnchorFigure):
    """Percent of the videos of each category: of all, of those with one anchor, and with a pair.

    Source: Preserving Modality Structure, supplement, Figure 4.

    Attributes:
        first: the anchor, from 0; none: of the pair whose videos are most of one category, the
            anchor whose own videos are.
        second: that of the pair; none: likewise.
        least: videos that a pair has at least, where it is chosen.

    Raises:
        InputError: a number is out of range.
    """

    first: int | None = None
    second: int | None = None
    least: int = 10
    source = "Preserving Modality Structure, supplement, Figure 4"

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [one for one in (self.first, self.second) if one is not None]
        if any(one < 0 for one in given) or self.least < 1 or len(set(given)) < len(given):
            raise InputError("first and second are different anchors from 0, least is from 1.")
        if self.first is None and self.second is not None:
            raise InputError("second without first: give first.")

    def data(self, case: Case) -> pd.DataFrame:
        """Return a row for each category of all videos, of those of one anchor and of a pair.

        Raises:
            InputError: there are no categories, an anchor is unknown, or no pair has videos enough.
        """
        import pandas as pd

        found = self.anchored(case)
        chosen = found.assigned["video"]
        one, two = self._pair(chosen, found.categories)
        names = np.unique(found.categories)
        parts = {
            OF[0]: ("", np.ones(len(chosen), dtype=bool)),
            OF[1]: (f"{one}", chosen[:, one]),
            OF[2]: (f"{one}+{two}", chosen[:, one] & chosen[:, two]),
        }
        return pd.DataFrame(
            {
                "of": of,
                "anchors": which,
                "videos": int(held.sum()),
                "category": name,
                "percent": 100 * float((found.categories[held] == name).mean()),
            }
            for of, (which, held) in parts.items()
            for name in names
        )

    def _pair(self, chosen: NDArray[np.bool_], categories: NDArray[np.str_]) -> tuple[int, int]:
        anchors = chosen.shape[1]
        for given in (self.first, self.second):
            if given is not None and given >= anchors:
                raise InputError(f"There are the anchors 0 to {anchors - 1}, not {given}.")
        classes = np.unique(categories)[:, None] == categories  # (classes, n)
        best, share = (-1, -1), -1.0
        for pair in combinations(range(anchors), 2):
            if not {one for one in (self.first, self.second) if one is not None} <= set(pair):
                continue
            held = chosen[:, pair[0]] & chosen[:, pair[1]]
            given_both = self.second is not None
            if held.sum() < (1 if given_both else self.least):
                continue
            top = float((classes & held).sum(axis=1).max() / held.sum())
            if top > share:
                best, share = pair, top
        if best == (-1, -1):
            raise InputError(f"No pair of anchors has {self.least} videos: lower least.")
        if self.first is not None:
            other = best[1] if best[0] == self.first else best[0]
            return self.first, other
        tops = [(classes & chosen[:, a]).sum(axis=1).max() / chosen[:, a].sum() for a in best]
        return best if tops[0] >= tops[1] else best[::-1]

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of a line a category."""
        return 0.9 + 0.125 * data["category"].nunique()

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw one anchor on the left and the pair on the right, all videos as marks."""
        everything = data[data["of"] == OF[0]]
        lines = range(len(everything))
        axes[0].set_yticks(lines, everything["category"].map(short))
        share_y(axes)
        for of, panel in zip(OF[1:], axes, strict=True):
            part = data[data["of"] == of]
            panel.barh(lines, part["percent"], 0.7, label="with the anchors")
            panel.plot(everything["percent"], lines, "k|", ms=5, label=OF[0])
            which, n = part["anchors"].iloc[0].replace("+", " and "), part["videos"].iloc[0]
            panel.set_title(f"anchor{'s' if of == OF[2] else ''} {which}\n{n} videos")
            panel.set_xlabel("% of videos")
        axes[0].invert_yaxis()
        legend(axes)
