"""``classification``: clusters of a feature file's videos, matched with their classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine import driver
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.runtime.progress import Progress
from vrbench.tasks.base import Task, TaskReport, column, tasks
from vrbench.tasks.classification import cluster, cluster_accuracy


@tasks.register("classification")
@dataclass(frozen=True)
class Classification(Task):
    """Cluster the videos by k-means on their vectors, and match clusters with ``/video/label``.

    Source: Multi-SK Table 1.

    Attributes:
        side: ``video``: global vectors of length 1; ``text``: the mean of those of a video's texts,
            scaled to length 1; ``both``: the mean of the two (Multi-SK: of video and audio).
        clusters: how many; None: as many as classes.
        seeds: clusterings, with seeds 0, 1, ...

    Raises:
        InputError: a number is below 1.
    """

    side: Literal["video", "text", "both"] = "video"
    clusters: int | None = None
    seeds: int = 10
    source = "Multi-SK Table 1"

    def __post_init__(self) -> None:
        if self.seeds < 1 or (self.clusters is not None and self.clusters < 1):
            raise InputError("seeds and clusters must be at least 1.")

    def report(self, features: Features, progress: Progress | None = None) -> TaskReport:
        """Return mean and deviation of the accuracy over seeds.

        Raises:
            InputError: labels are missing, or texts are needed and a video has none.
        """
        given = column(features.video, "label", "a class a video")
        labels = np.array([str(one) for one in given])
        known = labels != ""
        labels, vectors = labels[known], _vectors(features, self.side)[known]
        if not len(labels):
            raise InputError(f"No video of {features.path} has a class: fill /video/label.")
        names, sizes = np.unique(labels, return_counts=True)
        k = self.clusters or len(names)
        found = []
        for seed in range(self.seeds):
            found.append(cluster_accuracy(labels, cluster(vectors, k, seed)))
            if progress is not None:
                progress("clusterings", len(found), self.seeds)
        return {
            "videos": len(labels),
            "without class": int((~known).sum()),
            "classes": len(names),
            "clusters": k,
            "side": self.side,
            "accuracy": float(np.mean(found)),
            "std": float(np.std(found)),
            "seeds": list(range(self.seeds)),
            "of each seed": found,
            "largest class": 100 * float(sizes.max()) / len(labels),
        }


def _vectors(features: Features, side: str) -> NDArray[np.float64]:
    parts = []
    if side != "text":
        parts.append(_unit(driver.global_vectors(features.video)))
    if side != "video":
        sums = np.zeros((len(features.video), features.text.dim))
        np.add.at(sums, features.text_video, _unit(driver.global_vectors(features.text)))
        if not sums.any(axis=1).all():
            raise InputError(f"A video of {features.path} has no text: use --side video.")
        parts.append(_unit(sums))
    return np.asarray(np.mean(parts, axis=0))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
