"""QVHighlights: cut YouTube videos with queries on moments of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split
from vrbench.datasets.moments import Moments
from vrbench.datasets.segments import Segment, segment

FILES = "highlight_{}_release.jsonl"


@datasets.register("qvhighlights")
@dataclass(frozen=True)
class QvHighlights(Moments):
    """QVHighlights: videos of up to 150 s, most with one query.

    ``highlight_<split>_release.jsonl``, a line a query: ``{"qid", "query", "duration", "vid":
    "<YouTube id>_<start>_<end>", "relevant_windows": [[start, end], ...]}``; each video is a file.
    Of several windows the stretch goes from the first start to the last end. The test file has
    windows only as ``highlight_test_with_gt.jsonl``. The counts of the splits are not checked.

    Source: Lei et al., NeurIPS 2021.

    Attributes:
        unit: ``timed``, ``clips`` or ``videos``; see ``Moments``.
    """

    source = "Lei et al., NeurIPS 2021"
    splits: ClassVar = {
        "val": Split((FILES.format("val"),), about="as released"),
        "train": Split((FILES.format("train"),), about="as released"),
        "test": Split(("highlight_test_with_gt.jsonl",), about="as released"),
    }

    def segments(self, folder: Folder, split: str) -> Iterator[tuple[str, Segment]]:
        """Yield the queries of a split."""
        for line in folder.records(self.splits[split].files[0]):
            windows = line["relevant_windows"]
            parts = [segment(line["query"], window) for window in windows]
            if not parts:
                windows.fail("at least one window")
            start, end = min(part.start for part in parts), max(part.end for part in parts)
            yield line["vid"].text(), Segment(parts[0].text, start, end)
