"""``htm-align``: the seconds of sentences, on a feature file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrbench.alignments.engine import driver
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.runtime.progress import Progress
from vrbench.tasks.base import Task, TaskReport, column, tasks, times, whole_labels
from vrbench.tasks.htm_align import STEP, WINDOW, Protocol, auc, similarities
from vrbench.tasks.seconds import seconds_of


@tasks.register("htm-align")
@dataclass(frozen=True)
class HtmAlign(Task):
    """Find every sentence's second in its video, which has a row a second.

    Reads ``/text/start``, ``end`` and ``label`` (1: alignable, 0: not), texts in order of their
    rows. Recall is over all alignable sentences of all videos.

    Source: Han et al., CVPR 2022; Norton Table 9.

    Attributes:
        protocol: ``window``: a mean over overlapping windows; ``global``: the whole video at once.
            Published rows mix them: CLIP's 17.5 is global, MIL-NCE's 34.2 windowed.
        window: in seconds.
        step: seconds between windows.

    Raises:
        InputError: a number is below 1, or ``global`` is given windows.
    """

    protocol: Protocol = "window"
    window: int = WINDOW
    step: int = STEP
    source = "Han et al., CVPR 2022; Norton Table 9"

    def __post_init__(self) -> None:
        if self.window < 1 or self.step < 1:
            raise InputError(
                f"window and step must be at least 1, they are {self.window} and {self.step}."
            )
        if self.protocol == "global" and (self.window, self.step) != (WINDOW, STEP):
            raise InputError("protocol=global has no windows: leave window and step out.")

    def report(self, features: Features, progress: Progress | None = None) -> TaskReport:
        """Return the recall, and how well the largest similarity tells what can be aligned.

        Raises:
            InputError: a column is missing, or the videos are no whole ones with a row a second.
        """
        text = features.text
        start, end = times(text)
        labels = column(text, "label", "1 for texts that can be aligned, else 0")
        shown = whole_labels(labels, text).astype(bool)
        if not shown.any():
            raise InputError(f"{features.path} has no alignable text (/text/label 1).")
        vectors = driver.global_vectors(text)
        second, best, past = np.zeros(len(text), dtype=np.int64), np.full(len(text), np.nan), 0
        for row, rows in enumerate(seconds_of(features, "htm-align")):
            own = np.flatnonzero(features.text_video == row)
            if len(own):
                said = vectors[own], start[own], end[own], shown[own]
                try:
                    sim = similarities(rows, *said, self.window, self.step, self.protocol)
                except InputError as error:
                    raise InputError(f"Video '{features.video.ids[row]}': {error}") from error
                second[own], best[own] = sim.argmax(axis=1), sim.max(axis=1)
                past += int((shown[own] & (np.floor(start[own]) >= len(rows))).sum())
        hits = (np.floor(start) <= second) & (second <= np.ceil(end))
        return {
            "protocol": self.protocol,
            "videos": len(np.unique(features.text_video)),
            "texts": len(text),
            "alignable": int(shown.sum()),
            "past the end": past,
            "recall": 100 * float(hits[shown].mean()),
            "auc": auc(best, shown) if not shown.all() else None,
        }
