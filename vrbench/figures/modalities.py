"""``modalities``: the gap between texts and videos, and its part in the similarities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.figures import figures
from vrbench.figures.base import Case, Figure
from vrbench.figures.drawing import GREY

if TYPE_CHECKING:
    import pandas as pd

FORMULAS = {
    "text-text": "text, text",
    "video-video": "video, video",
    "text-video": "text, video",
    "text-video, right pairs": "positive pairs",
    "<mu_t, mu_v>": r"$\langle\mu_t, \mu_v\rangle$",
    "<mu_v, t'> (bias of a text)": r"$\langle\mu_v, t'\rangle$, bias of a text",
    "<mu_t, v'> (bias of a video)": r"$\langle\mu_t, v'\rangle$, bias of a video",
    "<t', v'>": r"$\langle t', v'\rangle$",
}
"""Names in the picture."""


@figures.register("modalities")
@dataclass(frozen=True)
class Modalities(Figure):
    """Mean similarity within and across the modalities, and the modal-mean decomposition.

    Of the global vectors; of the matrix itself (the mean of both directions) with ``--from-sim``,
    and within a modality where that file has ``text_text`` and ``video_video``.
    ``<t, v> = <mu_t, mu_v> + <mu_v, t'> + <mu_t, v'> + <t', v'>``: the second and third terms are
    biases of a text and of a video. Each quantity is a row, with its mean and standard deviation
    over all pairs. Pairs of an item with itself are left out. All terms follow from the texts x
    videos matrix: its mean, its row and column means less that mean, and the remainder.

    Source: NCL Figures 7 and 8, eq. 19-23.
    """

    source = "NCL Figures 7, 8, eq. 19-23"
    normalized = False
    panels = (2, 1)

    def caption(self, case: Case) -> str:
        """Return the data alone: neither method nor norm changes the vectors."""
        return case.data()

    def data(self, case: Case) -> pd.DataFrame:
        """Return panel, quantity, mean and standard deviation."""
        import pandas as pd

        source = case.items("modalities")
        known, truth = source.within(), source.truth
        cross = known["text_video"]
        mean = cross.mean()
        bias_t, bias_v = cross.mean(axis=1) - mean, cross.mean(axis=0) - mean
        sides = {"text-text": "text_text", "video-video": "video_video"}
        panels = {
            "similarity": {
                **{name: _within(known[key]) for name, key in sides.items() if key in known},
                "text-video": cross,
                "text-video, right pairs": cross[truth.text, truth.video],
            },
            "decomposition": {
                "<mu_t, mu_v>": mean,
                "<mu_v, t'> (bias of a text)": bias_t,
                "<mu_t, v'> (bias of a video)": bias_v,
                "<t', v'>": cross - mean - bias_t[:, None] - bias_v,
            },
        }
        return pd.DataFrame(
            {"panel": panel, "quantity": name, "mean": float(np.mean(v)), "std": float(np.std(v))}
            for panel, quantities in panels.items()
            for name, v in quantities.items()
        )

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of four points below each other."""
        return 1.05

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the similarities above, the terms of the decomposition below."""
        for panel, kind, title in (
            (axes[0], "similarity", "Similarities"),
            (axes[1], "decomposition", "Modal-mean decomposition"),
        ):
            rows = data[data["panel"] == kind]
            names = [FORMULAS.get(name, name) for name in rows["quantity"]]
            panel.axvline(0, color=GREY, linewidth=0.6)
            panel.errorbar(rows["mean"], range(len(rows)), xerr=rows["std"], fmt="o", capsize=2)
            panel.set_yticks(range(len(rows)), names)
            panel.set_ylim(len(rows) - 0.5, -0.5)
            panel.set_title(title)
            panel.set_xlabel("mean, and standard deviation over all pairs")
        axes[1].sharex(axes[0])


def _within(products: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(products[np.triu_indices(len(products), k=1)])
