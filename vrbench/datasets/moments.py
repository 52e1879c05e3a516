"""Datasets of moments: each query describes a stretch of a video, a line a query."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vrbench.datasets.base import Content
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Video
from vrbench.datasets.segments import Segment, Segmented


@dataclass(frozen=True)
class Moments(Segmented):
    """Videos with queries, each of one stretch of its video; see ``Segmented``.

    ``unit=timed``: every query is a text of its whole video, with its times: the retrieval of
    videos by queries that describe a part of them. ``unit=clips``: every stretch is a clip with its
    query. ``unit=videos``: the queries of a video joined in the order of their file.
    """

    unit: Literal["timed", "clips", "videos"] = "timed"

    @abstractmethod
    def segments(self, folder: Folder, split: str) -> Iterator[tuple[str, Segment]]:
        """Yield the video and the segment of each line of a split."""

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's file; videos come in the order of their first query."""
        found: dict[str, list[Segment]] = {}
        for video, part in self.segments(folder, split):
            found.setdefault(video, []).append(part)
        return Content(self._videos(found))

    def _videos(self, found: dict[str, list[Segment]]) -> Iterator[Video]:
        for video, parts in found.items():
            yield from self.cut(video, parts)
