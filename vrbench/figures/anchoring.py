"""Anchors of stored features: clusters of a side's vectors, of which each video gets several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine.driver import global_vectors
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.figures import figures
from vrbench.figures.base import Case, Figure
from vrbench.losses.multi_sk import multi_sk
from vrbench.tasks.classification import cluster

Side = Literal["video", "text"]
SIDES: tuple[Side, Side] = ("video", "text")
NEEDS = "a feature file whose videos have categories (/video/label)"


@dataclass(frozen=True, eq=False)
class Anchored:
    """Videos with a category, and which anchors each is assigned.

    Attributes:
        ids: (n,) names.
        categories: (n,) one each.
        weights: (n, anchors) by side: what Multi-SK gives.
        assigned: (n, anchors) by side: the k anchors of the largest weights of each video.
    """

    ids: NDArray[np.str_]
    categories: NDArray[np.str_]
    weights: dict[Side, NDArray[np.float64]]
    assigned: dict[Side, NDArray[np.bool_]]


@dataclass(frozen=True)
class AnchorFigure(Figure):
    """A figure of anchors: centres of k-means, assigned by Multi-SK over all videos.

    A video's vector is its global one, of its text side the mean of its texts' global vectors, all
    of length 1. Deviation: the paper's anchors are learnt with its network; these are of the
    features as they are stored, or as ``--head`` gives them.

    Attributes:
        anchors: a side; fewer where clusters are empty.
        k: anchors a video.
        eps: temperature of Multi-SK.
        iterations: of Multi-SK.

    Raises:
        InputError: a number is out of range.
    """

    anchors: int = 64
    k: int = 32
    eps: float = 0.07
    iterations: int = 10
    source = "Preserving Modality Structure, supplement"
    normalized = False
    needs = NEEDS

    def __post_init__(self) -> None:
        if self.anchors < 2 or not 1 <= self.k < self.anchors:
            raise InputError(
                f"anchors must be at least 2 and k between 1 and anchors - 1, they are "
                f"{self.anchors} and {self.k}."
            )
        if not self.eps > 0 or self.iterations < 1:
            raise InputError("eps must be positive, and iterations at least 1.")

    def caption(self, case: Case) -> str:
        """Return data and anchors; neither method nor norm takes part."""
        return f"{case.data()}; {self.k} of {self.anchors} anchors a video (k-means, Multi-SK)"

    def anchored(self, case: Case, sides: tuple[Side, ...] = ("video",)) -> Anchored:
        """Assign anchors to the videos that have a category.

        Text is left out where a video has none.

        Raises:
            InputError: there are no categories, or fewer videos than anchors.
        """
        name = figures.spec(self).partition(":")[0]
        features = case.features(name, NEEDS)
        if "label" not in features.video.item_columns:
            raise InputError(f"{features.path} has no /video/label: {name} needs {NEEDS}.")
        labels = np.array([str(one) for one in features.video.item_columns["label"]])
        kept = np.flatnonzero(labels != "")
        if len(kept) < self.anchors:
            raise InputError(
                f"{features.path} has {len(kept)} videos with a category, fewer than "
                f"{self.anchors} anchors: lower anchors and k."
            )
        weights: dict[Side, NDArray[np.float64]] = {}
        for side in sides:
            vectors = _vectors(features, side)
            if vectors is not None:
                weights[side] = self._weights(vectors[kept], case.settings.seed)
        ids = np.array([str(one) for one in features.video.ids])[kept]
        chosen = {side: largest(found, self.k) for side, found in weights.items()}
        return Anchored(ids, labels[kept], weights, chosen)

    def _weights(self, vectors: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
        """(n, d) -> (n, anchors) assignment."""
        found = cluster(vectors, self.anchors, seed)
        centres = np.array([vectors[found == one].mean(axis=0) for one in np.unique(found)])
        if self.k >= len(centres):
            raise InputError(
                f"k-means found {len(centres)} clusters that are not empty, and each video gets "
                f"{self.k}: lower k."
            )
        near = vectors @ _unit(centres).T
        return np.asarray(multi_sk(near, self.k, eps=self.eps, iterations=self.iterations))


def largest(weights: NDArray[np.float64], k: int) -> NDArray[np.bool_]:
    """(n, anchors) -> the k largest of each row, the first of equal ones."""
    chosen = np.zeros(weights.shape, dtype=bool)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :k]
    np.put_along_axis(chosen, order, values=True, axis=1)
    return chosen


def _vectors(features: Features, side: Side) -> NDArray[np.float64] | None:
    """(n_video, d) of length 1; None where a video has no text."""
    if side == "video":
        return _unit(global_vectors(features.video))
    sums = np.zeros((len(features.video), features.text.dim))
    np.add.at(sums, features.text_video, _unit(global_vectors(features.text)))
    return _unit(sums) if sums.any(axis=1).all() else None


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
