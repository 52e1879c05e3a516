"""``modalities``: how far apart texts and videos lie, and what that does to similarities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.driver import global_vectors
from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import Case, Figure
from vrbench.sources import FeatureSource

if TYPE_CHECKING:
    import pandas as pd


@figures.register("modalities")
@dataclass(frozen=True)
class Modalities(Figure):
    """Mean similarity within and across the modalities, and the modal-mean decomposition.

    Of the global vectors. ``<t, v> = <mu_t, mu_v> + <mu_v, t'> + <mu_t, v'> + <t', v'>``: the
    second and third terms are biases of a text and of a video; a row each with its mean and
    standard deviation over all pairs. Pairs of an item with itself are left out.

    Source: NCL Figures 7 and 8, eq. 19-23.
    """

    source = "NCL Figures 7, 8, eq. 19-23"

    def caption(self, case: Case) -> str:
        """Return the data alone: neither method nor norm changes the vectors."""
        return case.data()

    def data(self, case: Case) -> pd.DataFrame:
        """Return quantity, mean and standard deviation."""
        import pandas as pd

        if not isinstance(case.source, FeatureSource):
            raise InputError("modalities needs a feature file: it looks at the vectors.")
        features = case.source.features
        text, video = global_vectors(features.text), global_vectors(features.video)
        truth = case.source.truth
        cross = text @ video.T
        mean_t, mean_v = text.mean(axis=0), video.mean(axis=0)
        bias_t, bias_v = (text - mean_t) @ mean_v, (video - mean_v) @ mean_t
        quantities = {
            "text-text": _within(text),
            "video-video": _within(video),
            "text-video": cross.ravel(),
            "text-video, right pairs": cross[truth.text, truth.video],
            "<mu_t, mu_v>": np.array([mean_t @ mean_v]),
            "<mu_v, t'> (bias of a text)": bias_t,
            "<mu_t, v'> (bias of a video)": bias_v,
            "<t', v'>": ((text - mean_t) @ (video - mean_v).T).ravel(),
        }
        return pd.DataFrame(
            {"quantity": name, "mean": float(values.mean()), "std": float(values.std())}
            for name, values in quantities.items()
        )

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the similarities on the left, the terms of the decomposition on the right."""
        for panel, rows, title in (
            (axes[0], data.iloc[:4], "Cosine similarities"),
            (axes[1], data.iloc[4:], "Modal-mean decomposition"),
        ):
            panel.barh(rows["quantity"], rows["mean"], xerr=rows["std"], color="tab:blue")
            panel.invert_yaxis()
            panel.set_title(title)
            panel.set_xlabel("mean, and deviation over all pairs")


def _within(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    products = vectors @ vectors.T
    return np.asarray(products[np.triu_indices(len(vectors), k=1)])
