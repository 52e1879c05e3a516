r"""Make ``youcook2-600.h5``: 600 cooking videos as sequences of 3 frames and 3 sentences.

    .venv/bin/python features/make_youcook2.py --shared ../shared --models build/models \
        --out features/youcook2-600.h5

The projection is fitted on these very frames and sentences, so ranks on this file say nothing about
the encoders: it is for what noise does to sequences that match, which docs/sequences.md shows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app, note
from vrbench.features import open_features
from vrbench.importing.to_features import import_arrays
from vrbench.runtime.files import replacing

WIDTH = "64"
ENCODER = ("--encoder", "onnx", "--frames", "all", "--strict", "--dtype", "float32")


def main(
    shared: Annotated[Path, typer.Option(help="Holds data/youcook2_demo.")],
    models: Annotated[Path, typer.Option(help="Weights, as features/make.py fetches them.")],
    out: Annotated[Path, typer.Option(help="The feature file.")],
    build: Annotated[Path, typer.Option(help="What lies between.")] = Path("build/youcook2"),
) -> None:
    """Encode, fit the projection, encode with it, and say which clip is of which video."""
    clips = split(shared / "data" / "youcook2_demo", build)
    raw = encoded(build, models, build / "raw.h5")
    projection, mapped = str(build / "p.npz"), build / "mapped.h5"
    vrbench("train", "projection", str(raw), "--out", projection, "--width", WIDTH, "--overwrite")
    encoded(build, models, mapped, "--projection", projection)
    joined(mapped, clips, out, "fitted", "onnx, projection fitted", dtype="float16")
    note(f"{out}: {out.stat().st_size / 1e6:.2f} MB.")


def encoded(build: Path, models: Path, out: Path, *options: str) -> Path:
    """Extract the clips and sentences that ``split`` has written."""
    clips = ("--videos", str(build / "clips"), "--captions", str(build / "captions.csv"))
    vrbench("extract", *clips, "--weights", str(models), *ENCODER, *options, "--out", str(out))
    return out


def joined(
    path: Path,
    clips: Mapping[str, tuple[str, int]],
    out: Path,
    part: str,
    encoder: str,
    dtype: str | None = None,
) -> None:
    """Write the clips of some videos with their video and place, and their sentences.

    Args:
        path: the extracted features of all clips.
        clips: video and place by clip, of those that are written.
        out: the feature file.
        part: name of the split.
        encoder: name of the encoder.
        dtype: storage type; None: that of ``path``.
    """
    source = path.with_name(f"{part}.npz")
    with replacing(source) as npz, npz.open("wb") as stream:
        np.savez(stream, **arrays(path, clips))
    named: dict[str, Any] = {"dataset": "youcook2-600", "split": part, "encoder": encoder}
    import_arrays(source, out, **named, dtype=dtype, overwrite=True)


def split(data: Path, build: Path) -> dict[str, tuple[str, int]]:
    """Link each frame as a clip and write its sentence; return video and place by clip."""
    (build / "clips").mkdir(parents=True, exist_ok=True)
    clips, rows = {}, []
    for video in json.loads((data / "sequences.json").read_text()):
        name = Path(video["video_id"]).name
        sentences = dict(zip(video["order"], video["text"], strict=True))
        for place, image in enumerate(video["image_path"]):
            clip = f"{name}_{place}"
            clips[clip] = (name, place)
            rows.append((clip, sentences[place + 1]))
            link = build / "clips" / clip / "frame.jpg"
            link.parent.mkdir(exist_ok=True)
            if not link.is_symlink():
                link.symlink_to((data / "frames" / image).resolve())
    with (build / "captions.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("video_id", "caption"), *rows])
    return clips


def arrays(path: Path, clips: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    """Return the arrays of some clips of a feature file, with sequence and place of each item."""
    with open_features(path) as opened:
        ids = [str(name) for name in opened.video.ids]
        features = opened.limited(np.flatnonzero([name in clips for name in ids]))
        # the sentences stay with their data set: nothing that is done with this file reads them
        made: dict[str, Any] = {"text_video": features.text_video}
        for side, items in (("video", features.video), ("text", features.text)):
            ids = [str(name) for name in items.ids]
            of = [clips[name.partition("#")[0]] for name in ids]
            made |= {
                f"{side}_ids": np.array(ids),
                f"{side}_tokens": np.asarray(items.tokens[:]),
                f"{side}_offsets": items.offsets,
                f"{side}_global": np.asarray(items.global_vectors[:]),
                f"{side}_sequence": np.array([name for name, _ in of]),
                f"{side}_position": np.array([place for _, place in of]),
            }
    return made


def vrbench(*arguments: str) -> None:
    """Run a command of vrbench in this process, after printing it."""
    note(f"$ vrbench {' '.join(arguments)}")
    if code := app(list(arguments), standalone_mode=False):
        raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(main)
