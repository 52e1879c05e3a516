"""``vrbench extract``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vrbench.cli.app import command, note
from vrbench.errors import InputError

MOST = 20
"""Skipped items that are listed one by one."""


@command("extract")
def extract(
    videos: Annotated[
        Path, typer.Option(help="Folder of video files, or with a folder of frames a video.")
    ],
    captions: Annotated[Path, typer.Option(help="CSV with the columns video_id,caption.")],
    encoder: Annotated[str, typer.Option(help="Encoder spec: onnx, toy:dim=64, ...")],
    out: Annotated[Path, typer.Option(help="The feature file to write or to carry on with.")],
    weights: Annotated[Path | None, typer.Option(help="Weights of the encoder.")] = None,
    projection: Annotated[
        Path | None, typer.Option(help="npz of vrbench train projection, applied to all tokens.")
    ] = None,
    frames: Annotated[
        str, typer.Option(help="uniform:N, ends:N, head:N, tail:N, fps:R, fps:R,ends:N or all.")
    ] = "uniform:12",
    bank_videos: Annotated[Path | None, typer.Option(help="Videos of the bank.")] = None,
    bank_captions: Annotated[Path | None, typer.Option(help="Captions of the bank.")] = None,
    bank_size: Annotated[
        int | None, typer.Option(min=1, help="Take the first N videos of the bank.")
    ] = None,
    dataset: Annotated[str, typer.Option(help="What to call the data.")] = "",
    split: Annotated[str, typer.Option(help="What to call the part of it.")] = "",
    dtype: Annotated[
        Literal["float16", "float32", "float64"], typer.Option(help="Storage type.")
    ] = "float16",
    normalized: Annotated[
        bool,
        typer.Option("--normalized/--raw", help="Compare by cosines, or dot products as they are."),
    ] = True,
    batch: Annotated[int, typer.Option(min=1, help="Items between two writes.")] = 32,
    limit: Annotated[int | None, typer.Option(min=1, help="The first N videos only.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at what cannot be read (else skip it).")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew.")] = False,
) -> None:
    """Encode videos and captions into a feature file.

    Running the same command again carries on where it stopped.

    Examples:
      vrbench extract --videos frames/ --captions test.csv --encoder onnx
          --weights models/ --out f.h5

      vrbench extract --videos videos/ --captions test.csv --encoder clip
          --weights ViT-B-32.pt --frames fps:1,ends:12 --out f.h5

      vrbench extract --videos frames/ --captions test.csv --encoder toy:dim=64
          --bank-videos train/ --bank-captions train.csv --out toy.h5
    """
    from vrbench.cli.progress import Bars
    from vrbench.extract import Source
    from vrbench.extract import extract as run

    if (bank_videos is None) != (bank_captions is None) or (bank_size and bank_videos is None):
        raise InputError("A bank needs both --bank-videos and --bank-captions.")
    bank = bank_videos and bank_captions and Source(bank_videos, bank_captions, bank_size)
    with Bars() as progress:
        done = run(
            Source(videos, captions, limit),
            out,
            encoder=encoder,
            weights=weights,
            projection=projection,
            frames=frames,
            bank=bank or None,
            dataset=dataset,
            split=split,
            dtype=dtype,
            normalized=normalized,
            batch=batch,
            strict=strict,
            overwrite=overwrite,
            progress=progress,
        )
    for sentence in done.notes:
        note(sentence)
    for sentence in done.skipped[:MOST]:
        note(f"Skipped: {sentence}")
    if len(done.skipped) > MOST:
        note(f"... and {len(done.skipped) - MOST} more.")
    if done.fitted:
        note(
            f"{done.fitted} of these videos are among those that the projection was fitted on: "
            "retrieval among them is flattered."
        )
    counts = ", ".join(f"{count} in /{side}" for side, count in done.counts.items())
    note(f"{done.path}: {counts}; {len(done.skipped)} skipped.")
