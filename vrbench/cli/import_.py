"""``vrbench import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vrbench.cli.app import command, note


@command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(metavar="ARRAYS", help="An npz, or a folder of npy files.")
    ],
    out: Annotated[Path, typer.Option(help="The feature file to write.")],
    dataset: Annotated[str, typer.Option(help="What to call the data.")] = "",
    split: Annotated[str, typer.Option(help="What to call the part of it.")] = "",
    encoder: Annotated[str, typer.Option(help="What made the vectors.")] = "",
    normalized: Annotated[
        bool,
        typer.Option("--normalized/--raw", help="Compare by cosines, or dot products as they are."),
    ] = True,
    dtype: Annotated[
        Literal["float16", "float32", "float64"] | None,
        typer.Option(
            help="Storage type. Default: the type of the arrays, so that no number changes."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file.")] = False,
) -> None:
    """Turn features that somebody else computed into a feature file.

    The npz keys, or the names of the npy files in a folder (better for large data, which is then
    not read into memory whole):

      video_tokens (sum l, d) with video_offsets (n + 1,): packed, item after item

      video_tokens (n, L, d) with video_mask (n, L): padded; only rows where it is true are tokens

      video or image (n, d): one vector an item, its global vector and its only token

      video_global (n, d): global vectors beside the tokens

    The same for text_..., and for a bank of training items: bank_video_..., bank_text_... Also
    text_video (n_text,), the row of each text's video (default: text i belongs to video i),
    video_ids, text_ids and captions. Pickled arrays are refused. Vectors are stored as they are:
    --normalized and --raw only say how vrbench eval compares them.

    Examples:
      vrbench import clip_msrvtt.npz --out clip.h5 --dataset msrvtt --split 1k-A --encoder ViT-B/32

      vrbench import arrays/ --out tokens.h5 --dtype float16 --raw
    """
    from vrbench.importing import import_arrays

    path = import_arrays(
        source,
        out,
        dataset=dataset,
        split=split,
        encoder=encoder,
        normalized=normalized,
        dtype=dtype,
        overwrite=overwrite,
        note=note,
    )
    note(f"{path} is written: see vrbench inspect {path}")
