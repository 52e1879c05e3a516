"""Datasets of long videos with described segments, read by clip or by whole video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vrbench.datasets.base import Dataset
from vrbench.datasets.items import Moment, Split, Video
from vrbench.datasets.record import Record


@dataclass(frozen=True)
class Segment:
    """A described stretch of a video.

    Attributes:
        text: its description.
        start: in seconds.
        end: in seconds; may be before the start in the file.
        label: its class.
    """

    text: str
    start: float
    end: float
    label: int | None = None


def segment(text: Record, times: Record, label: int | None = None) -> Segment:
    """Return the segment of a description and a pair of times."""
    numbers = [time.number() for time in times]
    if len(numbers) != 2:
        times.fail("start and end")
    return Segment(text.text(), numbers[0], numbers[1], label)


class Segmented(Dataset):
    """A dataset whose videos are taken whole or cut into their segments.

    ``unit=videos``: a video, and one text: its segments' texts in their order, joined by spaces.
    ``unit=clips``: a clip for each segment, named ``<video id>_<k>`` and lying in the file
    ``<video id>`` between ``start`` and ``end``, and its text; ``position`` is k.
    ``unit=timed``: a video, and the text of each of its segments, with the segment's times and
    class; frames are read once a second by default.
    """

    unit: str

    @property
    def frames(self) -> str:
        """Which frames of a video are read by default."""
        return "fps:1" if self.unit == "timed" else ""

    def expected(self, split: str) -> Split:
        """Return the published counts, for videos or clips."""
        published = super().expected(split)
        if self.unit == "videos":
            return published
        if self.unit == "windows":
            return replace(published, videos=None, texts=published.clips)
        if self.unit == "timed":
            return replace(published, texts=published.clips)
        return replace(published, videos=published.clips, texts=published.clips)

    def cut(
        self, video: str, segments: Sequence[Segment], label: int | None = None
    ) -> Iterator[Video]:
        """Yield the video, or its clips; ``label`` is that of the whole video."""
        if self.unit == "videos":
            paragraph = " ".join(part.text.strip() for part in segments)
            yield Video(video, (paragraph,), label=label)
            return
        if self.unit == "timed":
            moments = tuple(Moment(part.start, part.end, part.label) for part in segments)
            yield Video(video, tuple(part.text for part in segments), moments=moments)
            return
        for k, part in enumerate(segments):
            yield Video(f"{video}_{k}", (part.text,), video, part.start, part.end, k, part.label)
