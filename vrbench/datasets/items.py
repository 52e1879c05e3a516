"""A video of a dataset, and a split as it was published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Moment(NamedTuple):
    """When a text is said or shown in its video.

    Attributes:
        start: in seconds.
        end: in seconds.
        label: its class; None: it has none.
    """

    start: float
    end: float
    label: int | None = None


@dataclass(frozen=True)
class Video:
    """A video, image or clip, with its texts.

    Attributes:
        id: unique within the split.
        texts: its captions, in the order of their file.
        file: its path below the folder of videos, without extension; ``""``: its id.
        start: its start in the file, in seconds; None: it is the whole file.
        end: its end in the file, in seconds.
        position: its place, from 0, among the clips of its file; None: no clip of a sequence.
        label: its class.
        moments: when each of its texts is said; empty: texts have the times of their video.
    """

    id: str
    texts: tuple[str, ...]
    file: str = ""
    start: float | None = None
    end: float | None = None
    position: int | None = None
    label: int | None = None
    moments: tuple[Moment, ...] = ()

    @property
    def sequence(self) -> str | None:
        """The file that it is a clip of; None: it is no clip of a sequence."""
        return None if self.position is None else self.file or self.id


@dataclass(frozen=True)
class Split:
    """A split as it was published.

    Attributes:
        files: the annotation files that it needs; ``a|b``: one of the two.
        videos: number of videos, where that is known.
        texts: number of texts.
        clips: number of clips, each with one text, where videos are cut into clips.
        labels: number of classes of the dataset.
        about: one phrase on the split, or the source of the counts.
    """

    files: tuple[str, ...] = ()
    videos: int | None = None
    texts: int | None = None
    clips: int | None = None
    labels: int | None = None
    about: str = ""
