"""The interface of datasets: splits with published counts, and a reader of the original files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, TypeVar

from vrbench.datasets.annotations import NONE, Annotations
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Moment, Split, Video
from vrbench.errors import InputError, did_you_mean

T = TypeVar("T")

MOST = 5
"""Most items that a remark names."""


@dataclass(frozen=True)
class Content:
    """The content of a split's files.

    Attributes:
        videos: in the order of the files.
        label_names: label -> name of the class.
        remarks: sentences for ``Annotations.remarks``.
    """

    videos: Iterable[Video]
    label_names: Mapping[int, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


class Dataset(ABC):
    """A frozen dataclass that reads the annotation files of a dataset as they were published."""

    source: ClassVar[str] = ""
    """The paper that the dataset comes from, for listings."""

    splits: ClassVar[Mapping[str, Split]] = {}
    """Published splits by name. Empty: the names of the files are the splits."""

    @property
    def frames(self) -> str:
        """Which frames of a video are read by default; empty: as without a dataset."""
        return ""

    @abstractmethod
    def content(self, folder: Folder, split: str) -> Content:
        """Read a split whose files are there.

        Raises:
            InputError: a file is malformed; the message names file and item.
        """

    def expected(self, split: str) -> Split:
        """Return the published counts of a split."""
        return self.splits[split] if self.splits else Split()

    def read(self, name: str, annotations: Path, split: str) -> Annotations:
        """Read a split of this dataset, which is to be called ``name``.

        Raises:
            InputError: the split is unknown, or a file is missing or malformed.
        """
        if self.splits and split not in self.splits:
            raise InputError(
                f"Unknown split '{split}' of {name}.{did_you_mean(split, self.splits)} "
                f"Splits: {', '.join(self.splits)}."
            )
        folder, expected = Folder(annotations), self.expected(split)
        folder.require(expected.files, f"{name} {split}")
        found = self.content(folder, split)
        if not isinstance(found, Content):
            raise InputError(
                f"The dataset '{name}' returns {type(found).__name__} as the content of {split}: "
                "it has to return a Content."
            )
        return annotated(found, f"{annotations} ({name} {split})", name, split, expected)

    @classmethod
    def overview(cls) -> str:
        """Return the splits with their published counts, for listings."""
        listed = (f"{name}{_counts(split)}" for name, split in cls.splits.items())
        return ", ".join(listed) or "any"


def annotated(
    found: Content, where: str, name: str = "", split: str = "", expected: Split | None = None
) -> Annotations:
    """Return the content of ``where``, checked: at least one video, ids unique and safe.

    A segment that ends before it starts is swapped, with a remark.
    """
    written = tuple(_trimmed(video) for video in found.videos)
    videos = tuple(_forward(video) for video in written)
    remarks = (*found.remarks, *_swapped(written))
    if not videos:
        raise InputError(f"{where} names no video.")
    _check_names(videos, where)
    facts = [key for key in NONE if any(getattr(video, key) is not None for video in videos)]
    moments = [moment for video in videos for moment in video.moments]
    said = [key for key in Moment._fields if any(getattr(one, key) is not None for one in moments)]
    known = found.label_names, expected or Split(), remarks, tuple(facts), tuple(said)
    return Annotations(name, split, videos, *known)


def _counts(split: Split) -> str:
    counts = {"videos": split.videos, "texts": split.texts, "clips": split.clips}
    known = ", ".join(f"{n:,} {what}" for what, n in counts.items() if n is not None)
    return f" ({known})" if known else ""


def chosen(ids: Iterable[tuple[str, str]], found: Mapping[str, T], where: str) -> Iterator[T]:
    """Yield the item of ``found`` for each id of a list, in its order.

    Args:
        ids: where an id stands, for messages, and the id.
        found: id -> item.
        where: the file that ``found`` was read from, for messages.
    """
    for place, name in ids:
        if name.strip() not in found:
            raise InputError(f"{place}: {where} has no video '{name.strip()}'.")
        yield found[name.strip()]


def by_id(videos: Iterable[Video], where: str) -> dict[str, Video]:
    """Return videos by their ids.

    Raises:
        InputError: an id stands twice in ``where``.
    """
    found: dict[str, Video] = {}
    for video in videos:
        if video.id in found:
            raise InputError(f"{where}: video '{video.id}' stands twice.")
        found[video.id] = video
    return found


def _trimmed(video: Video) -> Video:
    return replace(video, texts=tuple(text.strip() for text in video.texts))


def _forward(video: Video) -> Video:
    moments = tuple(
        Moment(one.end, one.start, one.label) if one.start > one.end else one
        for one in video.moments
    )
    whole = replace(video, moments=moments)
    return replace(whole, start=video.end, end=video.start) if _is_reversed(video) else whole


def _is_reversed(video: Video) -> bool:
    return video.start is not None and video.end is not None and video.start > video.end


def _swapped(videos: Sequence[Video]) -> Iterator[str]:
    names = [video.id for video in videos if _is_reversed(video)]
    names += [
        f"{video.id}#{k}"
        for video in videos
        for k, one in enumerate(video.moments)
        if one.start > one.end
    ]
    if names:
        yield (
            f"{len(names):,} segments end before they start ({_listed(names)}): start and end are "
            "swapped."
        )


def _listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    quoted = [f"'{name}'" for name in names[:MOST]]
    more = [f"and {len(names) - MOST} more"] if len(names) > MOST else []
    return ", ".join([*quoted, *more])


def _check_names(videos: Iterable[Video], where: str) -> None:
    """Check that ids are unique and that no name leads out of the folder of videos."""
    for video in by_id(videos, where).values():
        for name in (video.id, video.file or video.id):
            if "\\" in name or not {"", ".", ".."}.isdisjoint(name.split("/")):
                raise InputError(f"{where}: '{name}' cannot name a video.")
