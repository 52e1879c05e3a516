"""The videos of folders or named one by one: files, folders of frames, or both."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np

from vrbench.errors import InputError
from vrbench.runtime.composed import composed
from vrbench.runtime.extras import needed
from vrbench.runtime.files import listed
from vrbench.video.clip import Clip
from vrbench.video.decoding import DecodedFrames, LostFrameError
from vrbench.video.images import frame_files, is_folder_renumbered, is_image, read_image
from vrbench.video.sampling import ROUNDING, Sampling
from vrbench.video.timeline import Timeline, count_frames, read_timeline

VIDEO_FILES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".gif", ".m4v", ".mkv", ".mov"}
    | {".mp4", ".mpeg", ".mpg", ".ogv", ".ts", ".webm", ".wmv"}
)
HELD = 64
"""Most frames of a video file that a clip keeps in memory; longer clips are decoded on access."""


@dataclass(frozen=True)
class Videos:
    """Videos of one or several places; several threads may read at once.

    Attributes:
        places: folders of videos, and single videos.
        sampling: which frames are read.
        timed: whether there are video files, so that clips have times.
    """

    places: tuple[Path, ...]
    sampling: Sampling
    timed: bool
    _listed: dict[PurePosixPath, Mapping[str, list[Path]]] = field(default_factory=dict, repr=False)

    def read(self, name: str, start: float | None = None, end: float | None = None) -> Clip:
        """Read the chosen frames of a video.

        Args:
            name: ``train/abc`` is the folder of frames ``train/abc/`` or the file
                ``train/abc.mp4`` (or .avi, .mkv, ...), which may also be named with its ending.
            start: seconds since the first frame; with ``end``, only frames with
                start <= time < end are chosen from (+- 0.5 ms), and ``fps`` counts from ``start``.
                A segment may begin before the video and end after it.
            end: likewise.

        Raises:
            InputError: the video is missing, there twice, damaged or cut off, has fewer frames than
                asked for, or the segment holds none of its frames.
        """
        path = self._find(name)
        if path.is_dir():
            if self.sampling.fps or start is not None or end is not None:
                raise InputError(
                    f"Video '{name}' is a folder of frames ({path}), which has no time axis: "
                    "segments and fps:R need its video file."
                )
            files = _frames(path, name)
            numbers = self._enough(self.sampling.choose(len(files)), f"{path}, video '{name}',")
            return Clip(name, [read_image(files[i], name) for i in numbers], numbers)
        try:
            return self._decoded(path, name, read_timeline(path, name), (start, end))
        except LostFrameError:
            return self._decoded(path, name, count_frames(path, name), (start, end))

    def is_renumbered(self, name: str) -> bool:
        """Whether a video is a folder of frames that ``is_folder_renumbered``."""
        try:
            path = self._find(name)
        except InputError:
            return False
        return path.is_dir() and is_folder_renumbered(path)

    def _decoded(
        self, path: Path, name: str, line: Timeline, segment: tuple[float | None, float | None]
    ) -> Clip:
        times = line.times
        low, high = max(segment[0] or 0.0, 0.0), segment[1]
        first = int(np.searchsorted(times, low - ROUNDING))
        last = len(times) if high is None else int(np.searchsorted(times, high - ROUNDING))
        until = "" if high is None else f" to {high:g} s"
        if last <= first:
            raise InputError(
                f"{path}, video '{name}', shows no frame from {low:g} s{until}: its frames are at "
                f"0 to {times[-1]:.2f} s; correct the segment or leave it out."
            )
        chosen = self.sampling.choose(last - first, times[first:last] - low)
        part = f" from {low:g} s{until}" if segment != (None, None) else ""
        numbers = self._enough([first + i for i in chosen], f"{path}, video '{name}',{part}")
        frames = DecodedFrames(path, name, line, numbers)
        images = frames if len(frames) > HELD else list(frames)
        return Clip(name, images, numbers, times[numbers])

    def _enough(self, numbers: list[int], where: str) -> list[int]:
        """Return the numbers of the chosen frames, unless they are fewer than asked for."""
        if len(numbers) < (least := self.sampling.least):
            raise InputError(
                f"{where} has {len(numbers)} of the {least} frames that --frames {self.sampling} "
                f"asks for; --frames {replace(self.sampling, least=1)} takes those that there are."
            )
        return numbers

    def _find(self, name: str) -> Path:
        """Return the folder of frames or the file of a video."""
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts or not inside.name:
            raise InputError(f"'{name}' cannot name a video in {self.places[0]}.")
        if inside.parent not in self._listed:
            self._listed[inside.parent] = self._listing(inside.parent)
        found = self._listed[inside.parent].get(composed(inside.name), [])
        # a folder beside a file may be a part of the collection; only frames make it a video
        paths = [p for p in found if len(found) == 1 or p.is_file() or _holds_images(p)]
        if len(paths) > 1:
            both = " and ".join(str(path) for path in paths)
            raise InputError(f"Video '{name}' is there twice, {both}: keep one of them.")
        if not paths:
            root, others = self.places[0], len(self.places) - 1
            if others or not root.is_dir():
                more = f" and {others} more" if others else ""
                raise InputError(
                    f"Video '{name}' is not there: it is neither in nor among the videos given "
                    f"({root}{more})."
                )
            raise InputError(
                f"Video '{name}' is not there: expected the folder of frames {root / name} "
                f"or a video file such as {root / name}.mp4."
            )
        return paths[0]

    def _listing(self, parent: PurePosixPath) -> dict[str, list[Path]]:
        """Return the videos of a folder in all places, by name with and without ending."""
        found: dict[str, list[Path]] = {}
        for place in self.places:
            folder = place / parent
            if _is_one(place):
                paths = [] if parent.parts else [place]
            else:
                paths = listed(folder) if folder.is_dir() else []
            for path in paths:
                known = (path.name,) if path.is_dir() else (path.name, path.stem)
                for key in map(composed, known if path.is_dir() or _is_video(path) else ()):
                    same = found.setdefault(key, [])
                    if not any(path.samefile(other) for other in same):
                        same.append(path)
        return found


def open_videos(places: Path | Sequence[Path], sampling: Sampling) -> Videos:
    """Open videos, files and folders of frames, in folders of any depth or named one by one.

    Args:
        places: a folder of videos or a video file; or several, among which a folder of the frames
            of one video may be, too.
        sampling: which frames are read.

    Raises:
        InputError: a place is missing or holds no video, or ``sampling`` needs video files.
    """
    expected = "a folder of video files, or of folders with the frames of a video each"
    several = (places,) if isinstance(places, Path) else tuple(places)
    if not several:
        raise InputError(f"No videos are given: give {expected}, or video files.")
    kinds = set()
    for path in several:
        if not path.exists() or not (path.is_dir() or _is_video(path)):
            what = "is no video file" if path.exists() else "does not exist"
            raise InputError(f"{path} {what}: give {expected}, or video files.")
        if len(several) == 1 and path.is_dir() and _is_one(path):
            raise InputError(f"{path} holds images: give {expected}.")
        found = next(_kinds(path), None)
        if found is None:
            raise InputError(f"{path} holds no video: give {expected}.")
        kinds |= {found} if found == "file" else {*_kinds(path)}
    if sampling.fps and "file" not in kinds:
        raise InputError(
            f"--frames {sampling} needs video files: folders of frames ({several[0]}) have no time "
            "axis; use uniform:1-N or all."
        )
    if "file" in kinds:
        needed("av", "video")  # now, not for each video anew
    return Videos(several, sampling, "file" in kinds)


def _frames(folder: Path, video: str) -> list[Path]:
    """Return the frames of a folder, unless a video file beside them may be meant."""
    files = frame_files(folder, video)
    if beside := sorted(path.name for path in listed(folder) if _is_video(path)):
        raise InputError(
            f"{folder} holds images and {beside[0]}, and either may be video '{video}': keep one "
            f"of them, or name the video file '{video}/{Path(beside[0]).stem}'."
        )
    return files


def _kinds(place: Path) -> Iterator[str]:
    """Yield "file" for each video file and "frames" for each folder of images, at any depth.

    Links are followed, but each folder is visited once: they may lead in circles.
    """
    if _is_video(place) and not place.is_dir():
        yield "file"
    seen = {_identity(place)}
    for parent, folders, names in os.walk(place, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = [Path(name) for name in names if not name.startswith(".")]
        if any(map(_is_video, shown)):
            yield "file"
        elif any(map(is_image, shown)):
            folders.clear()
            yield "frames"
        inside = {_identity(Path(parent, name)): name for name in folders}
        folders[:] = [name for identity, name in inside.items() if identity not in seen]
        seen |= inside.keys()


def _identity(folder: Path) -> tuple[int, int]:
    """Return what identifies a folder, the same for every link to it."""
    found = folder.stat()
    return found.st_dev, found.st_ino


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_FILES


def _is_one(place: Path) -> bool:
    """Whether a place is a video, a file or a folder of frames, and not a folder of videos."""
    if not place.is_dir():
        return True
    return _holds_images(place) and not any(
        path.is_dir() or _is_video(path) for path in listed(place)
    )


def _holds_images(folder: Path) -> bool:
    return any(is_image(path) for path in listed(folder))
