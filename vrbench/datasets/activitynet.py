"""ActivityNet Captions: long videos with a paragraph of timed sentences each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from vrbench.datasets import datasets
from vrbench.datasets.base import Content
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.datasets.record import Record
from vrbench.datasets.segments import Segmented, segment


@datasets.register("activitynet")
@dataclass(frozen=True)
class ActivityNet(Segmented):
    """ActivityNet Captions: a video and the paragraph of all its sentences, or its clips.

    ``train.json``, ``val_1.json`` and ``val_2.json`` map ``v_<YouTube id>`` to ``{"duration",
    "timestamps": [[start, end], ...], "sentences": [...]}``. Ids keep their ``v_``. val_1 is what
    papers test on: nominally 4,926 videos (``val_ids.json``), of which 4,917 have captions. val_2
    describes 4,885 of them anew.

    Source: Krishna et al., ICCV 2017.

    Attributes:
        unit: ``videos`` (paragraphs) or ``clips`` (sentences).
    """

    unit: Literal["videos", "clips"] = "videos"
    source = "Krishna et al., ICCV 2017"
    splits: ClassVar = {
        "train": Split(("train.json",), 10_009, 10_009, 37_421, about="videos with captions"),
        "val_1": Split(("val_1.json",), 4917, 4917, 17_505, about="nominally 4,926 videos"),
        "val_2": Split(("val_2.json",), 4885, 4885, 17_031, about="videos with captions"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's JSON file."""
        return Content(self._videos(folder.json(f"{split}.json")))

    def _videos(self, data: Record) -> Iterator[Video]:
        for name, video in data.items():
            sentences, times = list(video["sentences"]), list(video["timestamps"])
            if len(sentences) != len(times):
                video["timestamps"].fail(f"a pair of times for each of {len(sentences)} sentences")
            pairs = zip(sentences, times, strict=True)
            yield from self.cut(name, [segment(text, pair) for text, pair in pairs])
