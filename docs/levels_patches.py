"""Frames, patches and words of MSR-VTT videos for the page on levels."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from features import make
from vrbench.datasets import read, read_csv

ENCODER = "onnx:patches=8"
"""64 patches a frame, about as many as CLIP's ViT-B/32 has (49)."""
FITTED, CAPTIONS = 1600, 10
"""Videos to train and validate on, and captions of each at most."""
BANK = 250
"""Videos of the bank."""


def files(shared: Path, models: Path, build: Path) -> tuple[Path, Path]:
    """Extract what is not there yet; return the training features and those of the test videos.

    The videos are the first ones of the parts that ``features/make.py`` makes. Those of the test
    have their category as a label.
    """
    data = shared / "data"
    frames, other = data / "msrvtt_frames", data / "msrvtt_frames" / "other"
    build.mkdir(parents=True, exist_ok=True)
    make.split(frames, build, CAPTIONS)
    for part, most in (("fit", FITTED), ("bank", BANK)):
        videos = read_csv(build / f"{part}.csv").captions_by_video
        make.write(build / f"{part}.csv", {one: videos[one] for one in list(videos)[:most]})
    _label(build / "test.csv", categories(data / "annotations" / "msrvtt"))
    reading = ("--weights", models, "--encoder", ENCODER, "--frames", "uniform:1-3", "--strict")
    fit, test = build / "fit.h5", build / "test.h5"
    _extract(other, build / "fit.csv", *reading, "--split", "fit", "--out", fit)
    bank = ("--bank-videos", other, "--bank-captions", build / "bank.csv")
    named = ("--dataset", "msrvtt-476", "--split", "test")
    _extract(frames / "test1ka", build / "test.csv", *bank, *reading, *named, "--out", test)
    return fit, test


def categories(annotations: Path) -> dict[str, str]:
    """Return the category of each video of 1k-A."""
    known = read("msrvtt", annotations, "test")
    return {video.id: str(known.columns(video)["label"]) for video in known.videos}


def _extract(videos: Path, captions: Path, *options: str | Path) -> None:
    make.vrbench("extract", "--videos", videos, "--captions", captions, *options)


def _label(path: Path, labels: Mapping[str, str]) -> None:
    """Add the label of each video to a captions CSV."""
    videos = read_csv(path).captions_by_video
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("video_id", "caption", "label"))
        rows.writerows((one, text, labels[one]) for one in videos for text in videos[one])
