"""The videos of a folder: files, folders of frames, or both."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np

from vrbench.errors import InputError
from vrbench.extras import needed
from vrbench.video.clip import Clip
from vrbench.video.decoding import DecodedFrames, LostFrameError
from vrbench.video.images import frame_files, is_image, read_image
from vrbench.video.sampling import ROUNDING, Sampling
from vrbench.video.timeline import Timeline, count_frames, read_timeline

VIDEO_FILES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".m4v", ".mkv", ".mov"}
    | {".mp4", ".mpeg", ".mpg", ".ogv", ".ts", ".webm", ".wmv"}
)
HELD = 64
"""Most frames of a video file that a clip holds; those of longer clips are decoded when asked."""


@dataclass(frozen=True)
class Videos:
    """A folder of videos; several threads may read at once.

    Attributes:
        root: the folder.
        sampling: which frames are read.
        timed: whether there are video files, so that clips have times.
    """

    root: Path
    sampling: Sampling
    timed: bool
    _listed: dict[Path, Mapping[str, list[Path]]] = field(default_factory=dict, repr=False)

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
            files = frame_files(path, name)
            numbers = self._enough(self.sampling.choose(len(files)), f"{path}, video '{name}',")
            return Clip(name, [read_image(files[i], name) for i in numbers], numbers)
        try:
            return self._decoded(path, name, read_timeline(path, name), (start, end))
        except LostFrameError:
            return self._decoded(path, name, count_frames(path, name), (start, end))

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
            raise InputError(f"'{name}' cannot name a video in {self.root}.")
        parent = self.root / inside.parent
        if parent not in self._listed:
            self._listed[parent] = _listing(parent)
        found = self._listed[parent].get(inside.name, [])
        # a folder beside a file may be a part of the collection; only frames make it a video
        paths = [p for p in found if len(found) == 1 or p.is_file() or _holds_images(p)]
        if len(paths) > 1:
            both = " and ".join(str(path) for path in paths)
            raise InputError(f"Video '{name}' is there twice, {both}: keep one of them.")
        if not paths:
            raise InputError(
                f"Video '{name}' is not there: expected the folder of frames {self.root / name} "
                f"or a video file such as {self.root / name}.mp4."
            )
        return paths[0]


def open_videos(path: Path, sampling: Sampling) -> Videos:
    """Open a folder of videos: files, folders of frames, or both, in folders of any depth.

    Raises:
        InputError: it is missing, holds no video, or ``sampling`` needs video files.
    """
    expected = "a folder of video files, or of folders with the frames of a video each"
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} {what}: give {expected}.")
    if _holds_images(path) and not any(map(_is_video, path.iterdir())):
        raise InputError(f"{path} holds images: give {expected}.")
    kinds = set()
    for kind in _kinds(path):
        kinds.add(kind)
        if kind == "file":
            break
    if not kinds:
        raise InputError(f"{path} holds no video: give {expected}.")
    if sampling.fps and "file" not in kinds:
        raise InputError(
            f"--frames {sampling} needs video files: folders of frames ({path}) have no time "
            "axis; use uniform:1-N or all."
        )
    if "file" in kinds:
        needed("av", "video")  # now, not for each video anew
    return Videos(path, sampling, "file" in kinds)


def _kinds(folder: Path) -> Iterator[str]:
    """Yield "file" for each video file and "frames" for each folder of images, at any depth."""
    for _, folders, names in os.walk(folder, followlinks=True):
        if any(_is_video(Path(name)) for name in names):
            yield "file"
        elif any(is_image(Path(name)) for name in names):
            folders.clear()
            yield "frames"


def _listing(folder: Path) -> Mapping[str, list[Path]]:
    """Return the videos in a folder, under their names with and without ending."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir():
            found.setdefault(path.name, []).append(path)
        elif _is_video(path):
            for key in (path.name, path.stem):
                found.setdefault(key, []).append(path)
    return found


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_FILES


def _holds_images(folder: Path) -> bool:
    return any(is_image(path) for path in folder.iterdir())
