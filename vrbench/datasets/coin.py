"""COIN: instructional videos of 180 tasks, cut into 778 kinds of steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from vrbench.datasets import datasets
from vrbench.datasets.base import Content
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.datasets.record import Record
from vrbench.datasets.segments import Segmented, segment

FILE = "COIN.json"


@datasets.register("coin")
@dataclass(frozen=True)
class Coin(Segmented):
    """COIN: whole videos labelled with their task, or clips or times labelled with their step.

    ``COIN.json``: ``{"database": {id: {"class": task, "subset": "training" | "testing",
    "annotation": [{"id": step, "segment": [start, end], "label": name}, ...]}}}``. Texts are the
    names of the steps. Steps are numbered 1 to 778, as in the file: 0 is the background between
    them. Tasks are numbered in alphabetical order. Both numberings are those of all videos,
    whatever the split. ``timed``: whole videos, read once a second, with the time and step of each
    text, as ``vrbench task segmentation`` needs them.

    Source: Tang et al., CVPR 2019.

    Attributes:
        unit: ``videos``, ``clips`` or ``timed``.
    """

    unit: Literal["videos", "clips", "timed"] = "videos"
    source = "Tang et al., CVPR 2019"
    splits: ClassVar = {
        "test": Split((FILE,), 2797, 2797, labels=180, about="as annotated"),
        "train": Split((FILE,), 9030, 9030, labels=180, about="as annotated"),
        "all": Split((FILE,), 11_827, 11_827, 46_354, labels=180, about="as annotated"),
    }

    def expected(self, split: str) -> Split:
        """Return the published counts, for tasks or steps."""
        expected = super().expected(split)
        return expected if self.unit == "videos" else replace(expected, labels=778)

    def content(self, folder: Folder, split: str) -> Content:
        """Read the videos of a subset; classes are those of all videos."""
        database = folder.json(FILE)["database"]
        tasks = sorted({video["class"].text() for _, video in database.items()})
        number = {task: n for n, task in enumerate(tasks)}
        names = dict(enumerate(tasks)) if self.unit == "videos" else _steps(database)
        subset = {"test": "testing", "train": "training", "all": ""}[split]
        return Content(self._videos(database, subset, number), names)

    def _videos(self, database: Record, subset: str, task: Mapping[str, int]) -> Iterator[Video]:
        for name, video in database.items():
            if subset in ("", video["subset"].text()):
                steps = [
                    segment(step["label"], step["segment"], step["id"].whole())
                    for step in video["annotation"]
                ]
                yield from self.cut(name, steps, task[video["class"].text()])


def _steps(database: Record) -> dict[int, str]:
    """Return number -> name of the steps of all videos."""
    steps = (step for _, video in database.items() for step in video["annotation"])
    return dict(sorted({(step["id"].whole(), step["label"].text()) for step in steps}))
