"""``anchors``: which anchors some videos are assigned, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.describing import video_captions
from vrbench.figures import figures
from vrbench.figures.anchoring import SIDES, Anchored, AnchorFigure
from vrbench.figures.base import Case
from vrbench.figures.drawing import COLORS, lines_of, short

if TYPE_CHECKING:
    import pandas as pd

FILLED = ("#DDDDDD", COLORS[0])
"""Of anchors that are not assigned, and of those that are."""


@figures.register("anchors")
@dataclass(frozen=True)
class Anchors(AnchorFigure):
    """Assigned anchors of a few videos, by video and by text; framed: unlike the first video's.

    Source: Preserving Modality Structure, supplement, Figures 1-3.

    Attributes:
        videos: their ids, joined by ``+``; empty: two of the largest category and one of the next.
    """

    videos: str = ""
    source = "Preserving Modality Structure, supplement, Figures 1-3"
    panels: ClassVar[tuple[int, int]] = (2, 1)

    def data(self, case: Case) -> pd.DataFrame:
        """Return a row for each side, video and anchor: weight, assigned, and whether it differs.

        Raises:
            InputError: there are no categories, or a video is unknown.
        """
        import pandas as pd

        found = self.anchored(case, SIDES)
        rows = self._rows(found)
        ids = map(str, case.source.video_ids)
        captions = dict(zip(ids, video_captions(case.source), strict=True))
        return pd.DataFrame(
            {
                "side": side,
                "video": found.ids[row],
                "category": found.categories[row],
                "caption": captions[str(found.ids[row])],
                "anchor": anchor,
                "weight": float(found.weights[side][row, anchor]),
                "assigned": bool(chosen[row, anchor]),
                "differs": bool(chosen[row, anchor] != chosen[rows[0], anchor]),
            }
            for side, chosen in found.assigned.items()
            for row in rows
            for anchor in range(chosen.shape[1])
        )

    def _rows(self, found: Anchored) -> list[int]:
        """Return the videos that are shown."""
        if self.videos:
            return [_row(name, found.ids) for name in self.videos.split("+")]
        names, counts = np.unique(found.categories, return_counts=True)
        ordered = names[np.argsort(-counts, kind="stable")]
        rows = [int(row) for row in np.flatnonzero(found.categories == ordered[0])[:2]]
        return rows + [int(np.argmax(found.categories == name)) for name in ordered[1:2]]

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of three lines a video."""
        return 0.45 + 0.36 * data["video"].nunique()

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw a strip of cells for each video, those that differ from the first framed."""
        from matplotlib.colors import ListedColormap
        from matplotlib.patches import Rectangle

        for side, panel in zip(SIDES, axes, strict=True):
            part = data[data["side"] == side]
            panel.set_title(f"{side} anchors")
            if part.empty:
                panel.set_axis_off()
                continue
            shown = part.drop_duplicates("video")
            videos = list(shown["video"])
            cells, differ = (
                np.array([part[part["video"] == v][name] for v in videos], dtype=bool)
                for name in ("assigned", "differs")
            )
            panel.imshow(cells, cmap=ListedColormap(FILLED), vmin=0, vmax=1, aspect="auto")
            for row, column in np.argwhere(differ):
                corner = (column - 0.5, row - 0.35)
                panel.add_patch(Rectangle(corner, 1, 0.7, fill=False, color=COLORS[1], lw=0.8))
            panel.set_yticks(range(len(videos)), [_name(row) for _, row in shown.iterrows()])
            panel.set_xlabel("anchor (framed: unlike the first row)")


def _name(video: Any) -> str:
    """Return the caption of a video, else its id, and its category."""
    said = lines_of(video["caption"] or video["video"], 20, 2)
    return f"{said}\n({short(video['category'])})"


def _row(name: str, ids: NDArray[np.str_]) -> int:
    where = np.flatnonzero(ids == name)
    if not len(where):
        raise InputError(f"No video with a category is called '{name}'.{did_you_mean(name, ids)}")
    return int(where[0])
