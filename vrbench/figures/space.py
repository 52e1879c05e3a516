"""``space``: texts and videos in the plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.driver import global_vectors
from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import Case, Figure

if TYPE_CHECKING:
    import pandas as pd

CENTERED = {False: "as they are", True: "each modality's mean removed"}


@figures.register("space")
@dataclass(frozen=True)
class Space(Figure):
    """The global vectors of both modalities on their two principal axes.

    Of both modalities together, as they are and with each modality's mean removed, so that it shows
    what the gap between them hides. NCL uses t-SNE, whose distances mean nothing between clusters;
    principal components keep them, and are the same in every run.

    Source: NCL Figure 7, eq. 19 and 20.

    Attributes:
        pairs: right pairs that are joined by a line, evenly over the file.

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
        """Return each item's two coordinates; of a text its video's, where they are joined."""
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

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw texts as dots and videos as triangles, joined pairs as lines."""
        for (centered, name), panel in zip(CENTERED.items(), axes, strict=True):
            part = data[data["centered"] == centered]
            text, video = (part[part["side"] == side] for side in ("text", "video"))
            for _, row in text[text["joined"] >= 0].iterrows():
                other = video.iloc[int(row["joined"])]
                panel.plot([row["x"], other["x"]], [row["y"], other["y"]], "k-", lw=0.4, alpha=0.5)
            for rows, color, marker, label in (
                (text, "tab:blue", "o", "texts"),
                (video, "tab:orange", "^", "videos"),
            ):
                panel.scatter(
                    rows["x"], rows["y"], s=10, c=color, marker=marker, alpha=0.6, label=label
                )
            panel.set_title(f"Global vectors, {name}")
            panel.set_xlabel(
                f"first principal axis ({100 * part['x_share'].iloc[0]:.0f} % of var.)"
            )
            panel.set_ylabel(f"second ({100 * part['y_share'].iloc[0]:.0f} % of var.)")
            panel.set_aspect("equal", "datalim")
            panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2)


def _principal(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, d) -> (n, 2) coordinates on the principal axes, and their shares of the variance."""
    centered = vectors - vectors.mean(axis=0)
    _, values, axes = np.linalg.svd(centered, full_matrices=False)
    total = float((values**2).sum()) or 1.0
    signs = np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(axis=1)])
    return centered @ (axes[:2] * signs[:, None]).T, values[:2] ** 2 / total
