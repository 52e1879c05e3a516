"""JSON lists of videos and captions, as repositories redistribute datasets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from vrbench.datasets.items import Video
from vrbench.datasets.record import Record
from vrbench.video import VIDEO_FILES

VIDEO_KEYS = ("video", "image", "clip_name", "video_id", "vid", "video_path", "videoID")
TEXT_KEYS = ("caption", "sentence", "query", "desc", "text", "enCap")
_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


def videos_of(entries: Iterable[Record], *, joined: bool = False) -> list[Video]:
    """Collect the captions of each video, in the order of the entries.

    Args:
        entries: objects with a video, by the first of ``VIDEO_KEYS`` that is there, and a caption
            or a list of captions, by the first of ``TEXT_KEYS``. The video is its path below the
            folder of videos, with or without ending; its id is the last part without ending.
        joined: join the captions of a video by spaces into one paragraph.

    Raises:
        InputError: an entry lacks one of them, or two paths end in the same name.
    """
    files: dict[str, str] = {}
    texts: dict[str, list[str]] = {}
    for entry in entries:
        path = _field(entry, VIDEO_KEYS)
        file = _without_ending(path.text())
        name = PurePosixPath(file).name
        if files.setdefault(name, file) != file:
            path.fail(f"'{files[name]}', as for another entry of '{name}'")
        caption = _field(entry, TEXT_KEYS)
        said = caption.texts() if isinstance(caption.value, list) else (caption.text(),)
        texts.setdefault(name, []).extend(said)
    return [
        Video(
            name, (" ".join(map(str.strip, said)),) if joined else tuple(said), _file(files[name])
        )
        for name, said in texts.items()
    ]


def entries_of(data: Record) -> Iterator[Record]:
    """Yield the objects of a JSON list; of an object of lists, those under ``annotations``."""
    yield from data["annotations"] if isinstance(data.value, dict) else data


def _field(entry: Record, keys: tuple[str, ...]) -> Record:
    found = next((key for key in keys if isinstance(entry.value, dict) and key in entry.value), "")
    if not found:
        entry.fail(f"an object with {' or '.join(repr(key) for key in keys)}")
    return entry[found]


def _without_ending(path: str) -> str:
    whole = PurePosixPath(path.strip())
    known = whole.suffix.lower() in VIDEO_FILES | _IMAGES
    return str(whole.with_suffix("")) if known else str(whole)


def _file(path: str) -> str:
    """Return the path of a video in a folder of its own; "" where it is its id."""
    return path if "/" in path else ""
