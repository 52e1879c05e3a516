"""``qa``: multiple choice on a feature file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.engine import driver
from vrbench.features import Features
from vrbench.features.pairing import readings
from vrbench.runtime.progress import Progress
from vrbench.tasks.base import Task, TaskReport, column, tasks, whole_labels
from vrbench.tasks.multiple_choice import multiple_choice


@tasks.register("qa")
@dataclass(frozen=True)
class Qa(Task):
    """Choose among each video's texts by their global vectors; ``/video/label`` is the right one.

    A video's texts are counted by their names, where these are ``<video id>#<k>``, else as they
    stand.

    Source: Norton Table 6.
    """

    source = "Norton Table 6"

    def report(self, features: Features, progress: Progress | None = None) -> TaskReport:
        """Return the accuracy, and that of chance.

        Raises:
            InputError: labels are missing, or a video has no text.
        """
        correct = column(features.video, "label", "the number of each video's right text, from 0")
        order = np.lexsort((_numbers_in_names(features), features.text_video))
        counts = np.bincount(features.text_video, minlength=len(features.video))
        answers = driver.global_vectors(features.text)[order]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        video = driver.global_vectors(features.video)
        right = whole_labels(correct, features.video)
        found = multiple_choice(video, answers, right, offsets)
        return {
            "videos": len(video),
            "answers": len(answers),
            "accuracy": found.accuracy,
            "chance": 100 * float((1 / counts).mean()),
        }


def _numbers_in_names(features: Features) -> NDArray[np.int64]:
    """(n_text,) which of its video's texts each one is, by its name, else by its place."""
    found = readings(features.text.ids, features.video.ids)
    if any(len(ways) != 1 or ways[0].k is None for ways in found):
        return np.arange(len(found))
    return np.array([ways[0].k for ways in found], dtype=np.int64)
