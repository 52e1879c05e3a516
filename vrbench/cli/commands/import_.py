"""``vrbench import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vrbench.cli.app import Quiet, command, note


@command("import")
def import_(
    out: Annotated[Path, typer.Option(help="The feature file to write.")],
    source: Annotated[
        Path | None,
        typer.Argument(metavar="ARRAYS", help="A file or folder with both sides."),
    ] = None,
    video: Annotated[
        Path | None, typer.Option(help="Instead of ARRAYS: a file or folder of the videos alone.")
    ] = None,
    text: Annotated[
        Path | None, typer.Option(help="With --video: a file or folder of the texts alone.")
    ] = None,
    captions: Annotated[
        Path | None,
        typer.Option(
            help="CSV, JSON (a list, or an object a line) or parquet with video_id and caption."
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="THEIRS=OURS", help="An array or column of another name; repeat."),
    ] = None,
    bytes_: Annotated[
        str,
        typer.Option(
            "--bytes",
            metavar="TYPE:WIDTH",
            help="How bytes alone (LMDB, tar) are read: float32:512. Default: by the other side.",
        ),
    ] = "",
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
    quiet: Quiet = False,
) -> None:
    """Turn features of other programs into a feature file.

    ARRAYS is an npz, HDF5, .pt or .safetensors file with these names, or a folder
    of npy files of these names (better for large data: it need not fit into memory);
    vrbench list layouts has all layouts:

      video_tokens (sum l, d) with video_offsets (n + 1,): packed, item after item

      video_tokens (n, L, d) with video_mask (n, L): padded, true is a token

      video_level, one for each token: 0 a frame, 1 a patch, for level=patch

      text_weight, video_weight, one for each token: what wti weighs it by

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

    The usual names stand for these: image_embeddings, text_embeds, video_features,
    caption_ids, ...; a note says so. --key attention_mask=text_mask takes others.

    A side may hold an array for each item instead: a group or folder video/, text/
    or audio/ (bank_video/, ...) of ID (l, d), (1, l, d) or (d,), or of groups with
    tokens, mask, global; in a folder ID.npy, ID.npz or ID.pt. A text is named by
    its video: ID, ID#0 or ID_0. Arrays with a row for each of those items need the
    names of their rows, in video_ids or text_ids.

    --video F --text F take a file or folder a side: items by id, or vectors, tokens,
    ids, mask, ... and, for texts, the video_id of each. --captions F gives the
    captions of texts named by their videos or by its text_id (qid, desc_id, ...);
    texts without names are its rows. captions.csv in a folder does the same.

    A video may stand in several rows, once for each of its texts, if these rows are equal.

    Names that end in .mp4 or .jpg are those without. Vectors are stored as they are;
    --normalized and --raw only say how they are to be compared. Pickles are refused.

    Examples:
      vrbench import clip.npz --out clip.h5 --dataset msrvtt --split 1k-A

      vrbench import arrays/ --out tokens.h5 --encoder mine --raw

      vrbench import clip.npz --out clip.h5 --dtype float16 --overwrite

      vrbench import --video video.h5 --text text.pt --captions test.jsonl --out f.h5
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.importing import Given
    from vrbench.importing.given import read_keys
    from vrbench.importing.to_features import import_arrays

    given = Given(source, video, text, captions, read_keys(key or []), bytes_)
    with bars(quiet) as progress:
        path = import_arrays(
            given,
            out,
            dataset=dataset,
            split=split,
            encoder=encoder,
            normalized=normalized,
            dtype=dtype,
            overwrite=overwrite,
            note=None if quiet else note,
            progress=progress,
        )
    if not quiet:
        note(f"{path} is written: see vrbench inspect {path}")
