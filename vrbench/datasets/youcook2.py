"""YouCookII: cooking videos with their recipe's steps, timed and described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vrbench.datasets import datasets
from vrbench.datasets.annotations import Split, Video
from vrbench.datasets.base import Content
from vrbench.datasets.files import Folder
from vrbench.datasets.record import Record
from vrbench.datasets.segments import Segment, Segmented

FILE = "youcookii_annotations_trainval.json"


@datasets.register("youcook2")
@dataclass(frozen=True)
class YouCook2(Segmented):
    """YouCookII: clips with a sentence each, or whole videos with their recipe as paragraph.

    ``youcookii_annotations_trainval.json``: ``{"database": {id: {"subset": "training" |
    "validation", "annotations": [{"segment": [start, end], "sentence"}, ...]}}}``. The test
    sentences are not public, so papers test on ``val``: 3,492 clips of 457 videos as annotated,
    3,350 (436 videos) after MIL-NCE's removal of what is gone or in HowTo100M, 3,369 in UniVL. With
    clips, a video's clips are a sequence, as are their sentences.

    Source: Zhou et al., AAAI 2018.

    Attributes:
        unit: ``clips`` or ``videos``.
    """

    unit: Literal["clips", "videos"] = "clips"
    source = "Zhou et al., AAAI 2018"
    splits = {  # noqa: RUF012
        "train": Split((FILE,), 1333, 1333, 10_337, about="as annotated"),
        "val": Split((FILE,), 457, 457, 3492, about="as annotated; papers: 3,350 clips"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        subset = {"train": "training", "val": "validation"}[split]
        return Content(self._videos(folder.json(FILE)["database"], subset))

    def _videos(self, database: Record, subset: str) -> Iterator[Video]:
        for name, video in database.items():
            if video["subset"].text() == subset:
                yield from self.cut(name, [_segment(s) for s in video["annotations"]], None)


def _segment(step: Record) -> Segment:
    times = [time.number() for time in step["segment"]]
    if len(times) != 2:
        step["segment"].fail("start and end")
    return Segment(step["sentence"].text(), times[0], times[1])
