"""HTM-Align: instructional videos of HowTo100M with sentences aligned by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from vrbench.datasets import datasets
from vrbench.datasets.base import Content
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.datasets.record import Record
from vrbench.datasets.segments import Segment, Segmented

FILE = "htm_align.json"


@datasets.register("htm-align")
@dataclass(frozen=True)
class HtmAlign(Segmented):
    """HTM-Align: sentences with their times; label 1: it can be aligned, 0: it cannot.

    ``htm_align.json``: ``{id: [[alignable, start, end, sentence], ...]}``. Times are corrected
    where the sentence can be aligned, else those of the speech. ``timed``: whole videos, read once
    a second, with these times and labels of the texts, as ``vrbench task htm-align`` needs them.
    With clips, a video's sentences are a sequence.

    Source: Han et al., CVPR 2022 (TAN): 80 videos.

    Attributes:
        unit: ``timed``, ``clips`` or ``videos``.
    """

    unit: Literal["timed", "clips", "videos"] = "timed"
    source = "Han et al., CVPR 2022"
    splits: ClassVar = {"test": Split((FILE,), 80, 80, labels=2, about="as published")}

    def content(self, folder: Folder, split: str) -> Content:
        """Read the file."""
        names = {} if self.unit == "videos" else {0: "0", 1: "1"}
        return Content(self._videos(folder.json(FILE)), names)

    def _videos(self, data: Record) -> Iterator[Video]:
        for name, sentences in data.items():
            yield from self.cut(name, [_segment(sentence) for sentence in sentences])


def _segment(sentence: Record) -> Segment:
    parts = list(sentence)
    if len(parts) != 4 or parts[0].value not in (0, 1):
        sentence.fail("[alignable (0 or 1), start, end, sentence]")
    return Segment(parts[3].text(), parts[1].number(), parts[2].number(), int(parts[0].value))
