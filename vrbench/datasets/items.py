"""A video of a dataset, and a split as it was published."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Video:
    """A video, image or clip, with its texts.

    Attributes:
        id: unique within the split.
        texts: its captions, in the order of their file.
        file: where it lies below the folder of videos, without extension; ``""``: under its id.
        start: where it begins in its file, in seconds; None: the file is the whole of it.
        end: where it ends in its file, in seconds.
        position: its place, from 0, among the clips of its file; None: no clip of a sequence.
        label: its class.
    """

    id: str
    texts: tuple[str, ...]
    file: str = ""
    start: float | None = None
    end: float | None = None
    position: int | None = None
    label: int | None = None

    @property
    def sequence(self) -> str | None:
        """The file whose clips it is one of; None: it is no clip of a sequence."""
        return None if self.position is None else self.file or self.id


@dataclass(frozen=True)
class Split:
    """A split as it was published.

    Attributes:
        files: the annotation files that it needs; ``a|b``: one of the two.
        videos: how many videos it has, where that is known.
        texts: how many texts it has.
        clips: how many clips it has, each with one text, where videos are cut into clips.
        labels: how many classes the dataset has.
        about: one phrase: what it is, or whose count this is.
    """

    files: tuple[str, ...] = ()
    videos: int | None = None
    texts: int | None = None
    clips: int | None = None
    labels: int | None = None
    about: str = ""
