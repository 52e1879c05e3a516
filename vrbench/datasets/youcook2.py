"""YouCookII: cooking videos with their recipe's steps, timed and described."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from vrbench.datasets import datasets
from vrbench.datasets.base import Content
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.datasets.record import Record
from vrbench.datasets.segments import Segment, Segmented, segment
from vrbench.errors import InputError

FILE = "youcookii_annotations_trainval.json"
MIL_NCE = "validation_youcook.csv"
LONGEST = 1_000_000
"""Most seconds of a video, against mistyped durations."""
WINDOW = 16.0
"""Seconds of a window where the background is kept (TempCLR, Norton Table 2)."""


@datasets.register("youcook2")
@dataclass(frozen=True)
class YouCook2(Segmented):
    """YouCookII: clips with a sentence each, or whole videos with their recipe as paragraph.

    ``youcookii_annotations_trainval.json``: ``{"database": {id: {"subset": "training" |
    "validation", "annotations": [{"segment": [start, end], "sentence"}, ...]}}}``. The test
    sentences are not public, so papers test on ``val``: 3,492 clips of 457 videos as annotated,
    3,350 (436 videos) after MIL-NCE's removal of what is gone or in HowTo100M, 3,369 in UniVL. With
    clips (background removed), a video's clips are a sequence, as are their sentences. With windows
    (background kept), the whole video is cut into windows of 16 s, the last one shorter, which
    needs ``duration``; a sentence goes with the window that holds its middle. ``val-3350`` is
    MIL-NCE's ``validation_youcook.csv`` (columns ``video_id``, ``start``, ``end``, ``text``, in any
    order; its texts are lower case without punctuation, and it has no durations).

    Source: Zhou et al., AAAI 2018.

    Attributes:
        unit: ``clips``, ``videos`` or ``windows``.
    """

    unit: Literal["clips", "videos", "windows"] = "clips"
    source = "Zhou et al., AAAI 2018"
    splits: ClassVar = {
        "train": Split((FILE,), 1333, 1333, 10_337, about="as annotated"),
        "val": Split((FILE,), 457, 457, 3492, about="as annotated; papers: 3,350 clips"),
        "val-3350": Split((MIL_NCE,), 436, 436, 3350, about="MIL-NCE"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        """Read the videos of a subset."""
        if split == "val-3350":
            return Content(self._mil_nce(folder))
        subset = {"train": "training", "val": "validation"}[split]
        return Content(self._videos(folder.json(FILE)["database"], subset))

    def _mil_nce(self, folder: Folder) -> Iterator[Video]:
        if self.unit == "windows":
            raise InputError(f"{MIL_NCE} has no durations, which unit=windows needs: use val.")
        steps: dict[str, list[Segment]] = defaultdict(list)
        for where, row in folder.rows(MIL_NCE, ("video_id", "start", "end", "text")):
            line = Record(row, where)
            start, end = line["start"].number(), line["end"].number()
            steps[line["video_id"].text()].append(Segment(line["text"].text(), start, end))
        for name, of_video in steps.items():
            yield from self.cut(name, of_video)

    def _videos(self, database: Record, subset: str) -> Iterator[Video]:
        for name, video in database.items():
            if video["subset"].text() == subset:
                steps = [segment(s["sentence"], s["segment"]) for s in video["annotations"]]
                if self.unit == "windows":
                    duration = video["duration"].number()
                    if duration > LONGEST:
                        video["duration"].fail(f"seconds, at most {LONGEST:,}")
                    yield from windows(name, steps, duration)
                else:
                    yield from self.cut(name, steps)


def windows(name: str, steps: Sequence[Segment], duration: float) -> Iterator[Video]:
    """Yield the windows of a video with the texts whose middle they hold; others have no text."""
    count = max(1, math.ceil(duration / WINDOW))
    texts: list[list[str]] = [[] for _ in range(count)]
    for step in steps:
        middle = (step.start + step.end) / 2
        texts[min(max(int(middle // WINDOW), 0), count - 1)].append(step.text)
    for k, held in enumerate(texts):
        end = min((k + 1) * WINDOW, duration)
        yield Video(f"{name}_{k}", tuple(held), name, k * WINDOW, end, k)
