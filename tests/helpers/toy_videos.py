"""Folders of tiny frames and their captions, for the tests of what reads them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from PIL import Image


def write_videos(folder: Path, videos: Iterable[str], frames: int = 3) -> Path:
    """Write a folder of ``frames`` images for each video."""
    for number, video in enumerate(videos):
        (folder / video).mkdir(parents=True, exist_ok=True)
        for frame in range(frames):
            image = Image.new("RGB", (6, 4), (number % 256, frame, 0))
            image.save(folder / video / f"f{frame:03d}.png")
    return folder


def write_captions(path: Path, rows: Iterable[tuple[str, str]]) -> Path:
    """Write a captions CSV."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("video_id", "caption"))
        writer.writerows(rows)
    return path


def captions_of(videos: Iterable[str], each: int = 2) -> list[tuple[str, str]]:
    """Name ``each`` captions of every video."""
    return [(video, f"words of {video} take {k}") for video in videos for k in range(each)]
