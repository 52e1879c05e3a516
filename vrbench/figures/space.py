"""``space``: texts and videos on two principal axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.driver import global_vectors
from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import Case, Figure
from vrbench.figures.drawing import COLORS, legend, merge, share_y

if TYPE_CHECKING:
    import pandas as pd

CENTERED = {False: "as they are", True: "means removed"}
MARK = 0.02
"""Size of a mark, of the width of a panel."""


@figures.register("space")
@dataclass(frozen=True)
class Space(Figure):
    """The global vectors of both modalities on their two principal axes.

    The axes are those of both modalities together, once with the gap between the modalities and
    once with each modality's mean removed. NCL uses t-SNE, which does not keep distances between
    clusters; principal components do, and are the same in every run.

    Source: NCL Figure 7, eq. 19 and 20.

    Attributes:
        pairs: positive pairs that are joined by a line, evenly over the file.

    Raises:
        InputError: ``pairs`` is negative, or there are no vectors to look at.
    """

    pairs: int = 30
    source = "NCL Figure 7"
    normalized = False
    needs = "a feature file"

    def __post_init__(self) -> None:
        if self.pairs < 0:
            raise InputError(f"pairs must not be negative, it is {self.pairs}.")

    def caption(self, case: Case) -> str:
        """Return the data alone: neither method nor norm changes the vectors."""
        return case.data()

    def data(self, case: Case) -> pd.DataFrame:
        """Return each item's two coordinates, and those of a joined text's video."""
        import pandas as pd

        features = case.features("space", "a feature file: it looks at the vectors")
        truth = case.source.truth
        sides = {"text": global_vectors(features.text), "video": global_vectors(features.video)}
        step = max(1, len(truth.text) // max(self.pairs, 1))
        joined = truth.video[::step][: self.pairs]
        texts = truth.text[::step][: self.pairs]
        parts = []
        for centered in CENTERED:
            shifted = [v - v.mean(axis=0) if centered else v for v in sides.values()]
            places, share = _principal(np.concatenate(shifted))
            for side, part in zip(sides, np.split(places, [len(sides["text"])]), strict=True):
                rows = pd.DataFrame({"centered": centered, "side": side, "x": part[:, 0]})
                rows["y"], rows["x_share"], rows["y_share"] = part[:, 1], share[0], share[1]
                rows["item"] = case.gallery("v2t" if side == "text" else "t2v")
                rows["joined"] = -1
                if side == "text":
                    rows.loc[texts, "joined"] = joined
                parts.append(rows)
        return pd.concat(parts, ignore_index=True)

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of square panels, lower ones where there is one panel."""
        return 2.4 if _equal(data) else 2.1

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw texts as dots and videos as triangles, joined pairs as lines.

        One panel takes the place of both where removing the means moves no item visibly.
        """
        from matplotlib.ticker import MaxNLocator

        one = _equal(data)
        panels = [merge(axes)] if one else list(axes)
        share_y(panels)
        places = data[["x", "y"]].to_numpy()
        beside = 0.05 * np.ptp(places)
        limits = places.min() - beside, places.max() + beside
        for (centered, name), panel in zip(CENTERED.items(), panels, strict=False):
            part = data[data["centered"] == centered]
            text, video = (part[part["side"] == side] for side in ("text", "video"))
            for _, row in text[text["joined"] >= 0].iterrows():
                other = video.iloc[int(row["joined"])]
                panel.plot([row["x"], other["x"]], [row["y"], other["y"]], "k-", lw=0.4, alpha=0.5)
            for rows, color, marker, label in (
                (text, COLORS[0], "o", "texts"),
                (video, COLORS[1], "^", "videos"),
            ):
                panel.scatter(
                    *(rows["x"], rows["y"]), 4, c=color, marker=marker, alpha=0.6, lw=0, label=label
                )
            panel.set_title("with or without the modalities' means" if one else name)
            share = 100 * part["x_share"].iloc[0], 100 * part["y_share"].iloc[0]
            panel.set_xlabel(f"first axis ({share[0]:.0f} % of variance)")
            panel.set_ylabel(f"second axis ({share[1]:.0f} %)")
            for axis in (panel.xaxis, panel.yaxis):
                axis.set_major_locator(MaxNLocator(5))
            panel.set_aspect("equal")
            panel.set_xlim(*limits)
            panel.set_ylim(*limits)
        legend(panels, 2)


def _equal(data: pd.DataFrame) -> bool:
    """Whether no item's place differs between the panels by more than a mark's size."""
    stored, centered = (data[data["centered"] == one][["x", "y"]].to_numpy() for one in CENTERED)
    return bool(np.abs(centered - stored).max() <= MARK * np.ptp(stored, axis=0).max())


def _principal(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, d) -> (n, 2) coordinates on the principal axes, and their shares of the variance."""
    centered = vectors - vectors.mean(axis=0)
    _, values, axes = np.linalg.svd(centered, full_matrices=False)
    total = float((values**2).sum()) or 1.0
    signs = np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(axis=1)])
    return centered @ (axes[:2] * signs[:, None]).T, values[:2] ** 2 / total
