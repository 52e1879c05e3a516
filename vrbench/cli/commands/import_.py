"""``vrbench import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vrbench.cli.app import command, note


@command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(metavar="ARRAYS", help="An npz, or a folder of npy files or of folders."),
    ],
    out: Annotated[Path, typer.Option(help="The feature file to write.")],
    dataset: Annotated[str, typer.Option(help="Name of the data.")] = "",
    split: Annotated[str, typer.Option(help="Name of the split.")] = "",
    encoder: Annotated[str, typer.Option(help="Name of the encoder that made the vectors.")] = "",
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
    """Turn features of other programs into a feature file.

    ARRAYS is an npz with these keys, or a folder of npy files of these names
    (better for large data: it need not fit into memory):

      video_tokens (sum l, d) with video_offsets (n + 1,): packed, item after item

      video_tokens (n, L, d) with video_mask (n, L): padded, true is a token

      video_level, one for each token: 0 a frame, 1 a patch, for level=patch

      video_global (n, d): a global vector for each item, beside its tokens

      video or image (n, d): one vector for each item, both global and only token

      video_ids (n,): names or numbers; default video0, video1, ...

      text_tokens, text_offsets, text_mask, text_global, text, text_ids: alike

      audio_tokens, audio, audio_ids, ...: the sound of videos, named like them, for
      eval --side video+audio

      video2_tokens, video2, video2_ids, ...: a second visual stream; per video the
      shorter stream is upsampled (nearest neighbour), and both are joined side by side

      text_video (n_text,): row of each text's video; default: the video that its
      id names, as ID, ID#0 or ID_0, where both sides have ids; else text i has video i

      captions (n_text,): the texts themselves

      bank_video_tokens, bank_text, bank_captions, ...: training items, alike

    In a folder, video/, text/ or audio/ (bank_video/, ...) may hold a file for each
    item: ID.npy (l, d) or (d,), or ID.npz with tokens, mask, global. A text's
    file is named by its video: ID.npy, ID#0.npy or ID_0.npy; captions.csv beside
    them (video_id,caption) gives the captions. Arrays with a row for each of those
    items need the names of their rows, in video_ids.npy or text_ids.npy.

    Vectors are stored as they are; --normalized and --raw only say how they
    are to be compared. Pickled arrays are refused.

    Examples:
      vrbench import clip.npz --out clip.h5 --dataset msrvtt --split 1k-A

      vrbench import arrays/ --out tokens.h5 --encoder mine --raw

      vrbench import clip.npz --out clip.h5 --dtype float16 --overwrite
    """
    from vrbench.importing.to_features import import_arrays

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
