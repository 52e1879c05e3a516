r"""Make ``msrvtt-476.h5`` from MSR-VTT frames and two ONNX encoders; README.md says how and why.

    .venv/bin/python features/make.py --shared ../shared --models build/models \
        --out features/msrvtt-476.h5

Everything between lies in ``--build``, and an interrupted run carries on there.
"""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app, note
from vrbench.datasets import read_csv
from vrbench.runtime.files import replacing

BANK_VIDEOS = 1000
BANK_CAPTIONS = 2
"""Captions of each bank video."""
HEAD = "projection:width=128+linear"
"""One affine map a side; a wider one is no better on validation videos, and makes a larger file."""
TRAINING = ("--method", "global", "--loss", "infonce", "--lr", "1e-4", "--epochs", "2")
SEED = 0
ENCODER = ("--encoder", "onnx", "--frames", "all", "--strict", "--batch", "64")


def main(
    shared: Annotated[Path, typer.Option(help="Holds data/msrvtt_frames and tools.")],
    models: Annotated[Path, typer.Option(help="Weights; fetched where they are missing.")],
    out: Annotated[Path, typer.Option(help="The feature file.")],
    build: Annotated[Path, typer.Option(help="What lies between.")] = Path("build/features"),
    captions: Annotated[int, typer.Option(help="Captions of each fitted video.")] = 20,
) -> None:
    """Split the captions, extract, train the head, extract with it."""
    raw = fitting(shared, models, build, captions)
    head, whole = build / "head.safetensors", build / out.name
    vrbench("train", HEAD, raw, *TRAINING, "--seed", str(SEED), "--out", head)
    testing(shared, models, build, whole, "--projection", head)
    with replacing(out) as part:
        shutil.copyfile(whole, part)
    note(f"{out}: {out.stat().st_size / 1e6:.2f} MB.")


def fitting(shared: Path, models: Path, build: Path, captions: int = 20) -> Path:
    """Fetch the encoders, split the captions, and extract the videos that heads are trained on."""
    frames, out = shared / "data" / "msrvtt_frames", build / "fit.h5"
    if not (models / "tokenizer.json").is_file():
        fetch = shared / "tools" / "get_models.py"
        subprocess.run([sys.executable, str(fetch), str(models)], check=True)
    build.mkdir(parents=True, exist_ok=True)
    split(frames, build, captions)
    fit = ("--videos", frames / "other", "--captions", build / "fit.csv", "--weights", models)
    vrbench("extract", *fit, *ENCODER, "--split", "fit", "--out", out)
    return out


def testing(shared: Path, models: Path, build: Path, out: Path, *options: str | Path) -> None:
    """Extract the test videos with their bank, once ``fitting`` has split the captions."""
    frames = shared / "data" / "msrvtt_frames"
    test = ("--videos", frames / "test1ka", "--captions", build / "test.csv")
    bank = ("--bank-videos", frames / "other", "--bank-captions", build / "bank.csv")
    mapped = ("--weights", models, *options, "--dataset", "msrvtt-476")
    vrbench("extract", *test, *bank, *mapped, *ENCODER, "--split", "test", "--out", out)


def vrbench(*arguments: str | Path) -> None:
    """Run a command of vrbench in this process, after printing it."""
    words = [str(one) for one in arguments]
    note(f"$ vrbench {' '.join(words)}")
    if code := app(words, standalone_mode=False):
        raise typer.Exit(code)


def split(frames: Path, build: Path, most: int) -> None:
    """Write test.csv, bank.csv and fit.csv; no test video or test caption is in the last two."""
    test = read_csv(frames / "captions_1ka.csv").captions_by_video
    spoken = {caption for captions in test.values() for caption in captions}
    everything = read_csv(frames / "captions.csv").captions_by_video
    other = {video: everything[video] for video in everything if video not in test}
    usable = {video: [c for c in other[video] if c not in spoken] for video in other}
    dropped = sum(map(len, other.values())) - sum(map(len, usable.values()))
    note(f"{dropped} captions of {len(other)} other videos equal a test caption: dropped.")
    rng = random.Random(SEED)
    chosen = set(rng.sample(in_train(frames / "captions.csv", usable), BANK_VIDEOS))
    bank = {v: rng.sample(c, BANK_CAPTIONS) for v, c in usable.items() if v in chosen}
    fit = {video: c[:most] for video, c in usable.items() if video not in chosen}
    for name, part in {"test": test, "bank": bank, "fit": fit}.items():
        note(f"{name}: {len(part)} videos, {sum(map(len, part.values()))} captions.")
        write(build / f"{name}.csv", part)


def in_train(path: Path, videos: Iterable[str]) -> list[str]:
    """Return those of ``videos`` that the official split calls train."""
    with path.open(encoding="utf-8", newline="") as stream:
        split_of = {row["video_id"]: row["split"] for row in csv.DictReader(stream)}
    return [video for video in videos if split_of[video] == "train"]


def write(path: Path, videos: Mapping[str, Sequence[str]]) -> None:
    """Write a captions CSV."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("video_id", "caption"))
        rows.writerows((video, caption) for video in videos for caption in videos[video])


if __name__ == "__main__":
    typer.run(main)
