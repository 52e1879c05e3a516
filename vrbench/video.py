"""Which frames of a video are read, and reading them from a folder of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vrbench.errors import InputError, did_you_mean
from vrbench.extras import needed

IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
VIDEO_FILES = frozenset({".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"})


@dataclass(frozen=True, eq=False)
class Clip:
    """What an encoder sees of a video.

    Attributes:
        id: the video's id.
        images: the chosen frames, RGB ``PIL.Image``, in time order.
        numbers: which frame of the video each of them is, counted from 0.
    """

    id: str
    images: Sequence[Any]
    numbers: Sequence[int]


@dataclass(frozen=True)
class Sampling:
    """How frames are chosen: ``uniform:12``, ``fps:1`` or ``all``.

    Attributes:
        kind: ``uniform``, ``fps`` or ``all``.
        value: the most frames a video (``uniform``), or frames a second (``fps``).
    """

    kind: str
    value: float = 0.0

    def __str__(self) -> str:
        return self.kind if self.kind == "all" else f"{self.kind}:{self.value:g}"

    def choose(self, n: int) -> list[int]:
        """Return the frames to read of a folder that holds ``n``, in order.

        ``uniform:k`` takes the middle frame of each of k equal stretches, and every frame once
        where there are no more than k: frames are never repeated.
        """
        if self.kind == "all" or n <= self.value:
            return list(range(n))
        return [int((i + 0.5) * n / self.value) for i in range(int(self.value))]


def parse_sampling(spec: str) -> Sampling:
    """Read ``uniform:12``, ``fps:1`` or ``all``.

    Raises:
        InputError: the spec is none of these, or its number is out of range.
    """
    kind, colon, text = spec.strip().partition(":")
    if kind not in ("all", "fps", "uniform"):
        hint = did_you_mean(kind, ("all", "fps", "uniform"))
        raise InputError(f"Unknown frames '{spec}'.{hint} Write uniform:12, fps:1 or all.")
    if kind == "all" and not colon:
        return Sampling("all")
    try:
        value = float(int(text)) if kind == "uniform" else float(text)
    except ValueError:
        value = 0.0
    if kind == "all" or not 0 < value < float("inf"):
        raise InputError(
            f"Cannot read frames '{spec}': write uniform:N with a whole N >= 1, fps:R with R > 0, "
            "or all."
        )
    return Sampling(kind, value)


def check_folder(videos: Path, sampling: Sampling) -> None:
    """Check that ``videos`` is a folder with one folder of frames a video.

    Raises:
        InputError: it is missing, holds video files, or ``sampling`` needs a time axis.
    """
    if not videos.is_dir():
        what = "is a file" if videos.exists() else "does not exist"
        raise InputError(f"{videos} {what}: give a folder that holds a folder of frames a video.")
    for path in videos.iterdir():
        if path.suffix.lower() in VIDEO_FILES and path.is_file():
            raise InputError(
                f"{path} is a video file, and video files cannot be decoded: write its frames as "
                f"images into {path.with_suffix('')}/ first."
            )
    if sampling.kind == "fps":
        raise InputError(
            f"--frames {sampling} needs video files: folders of frames ({videos}) have no time "
            "axis; use uniform:N or all."
        )


def read_clip(videos: Path, video: str, sampling: Sampling) -> Clip:
    """Read the chosen frames of ``videos/video/``, images in name order.

    Raises:
        InputError: the folder is missing or holds no image, or an image cannot be read.
    """
    folder = videos / video
    if not folder.is_dir():
        raise InputError(f"Video '{video}' has no folder {folder}: expected its frames as images.")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGES)
    if not files:
        raise InputError(f"{folder} holds no image: expected the frames of video '{video}'.")
    numbers = sampling.choose(len(files))
    return Clip(video, [_read_image(files[i], video) for i in numbers], numbers)


def _read_image(path: Path, video: str) -> Any:
    pil = needed("PIL.Image", "onnx")
    try:
        with pil.open(path) as image:
            return image.convert("RGB")
    # Pillow reports a damaged image with whatever its decoder happens to raise.
    except Exception as error:
        reason = str(error).replace(repr(str(path)), "it").rstrip(".")
        raise InputError(
            f"{path}, a frame of video '{video}', cannot be read as an image ({reason}): "
            "replace it or leave it out."
        ) from error
