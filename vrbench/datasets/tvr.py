"""TVR: clips of six TV shows with queries on moments of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split
from vrbench.datasets.moments import Moments
from vrbench.datasets.segments import Segment, segment


@datasets.register("tvr")
@dataclass(frozen=True)
class Tvr(Moments):
    """TVR: five queries a video; papers on video retrieval test on ``val``.

    ``tvr_<split>_release.jsonl``, a line a query: ``{"vid_name", "duration", "ts": [start, end],
    "desc", "type", "desc_id"}``. Test files name no video, so they are not read. The counts of the
    splits are not checked: for the whole, 108,965 queries on 21,793 videos are published.

    Source: Lei et al., ECCV 2020.

    Attributes:
        unit: ``timed``, ``clips`` or ``videos``; see ``Moments``.
    """

    source = "Lei et al., ECCV 2020"
    splits: ClassVar = {
        "val": Split(("tvr_val_release.jsonl",), about="as released"),
        "train": Split(("tvr_train_release.jsonl",), about="as released"),
    }

    def segments(self, folder: Folder, split: str) -> Iterator[tuple[str, Segment]]:
        """Yield the queries of a split."""
        for line in folder.records(self.splits[split].files[0]):
            yield line["vid_name"].text(), segment(line["desc"], line["ts"])
