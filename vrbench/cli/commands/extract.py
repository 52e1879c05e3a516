"""``vrbench extract``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vrbench.cli.app import Quiet, command, note
from vrbench.cli.elsewhere import Cluster, Mixed, Processes
from vrbench.cli.process import NOTHING_KEPT, say_when_stopped
from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench.extraction.extract import Extraction, Inputs

FRAMES = "uniform:1-12"
MOST = 20
"""Most skipped items that are listed."""


@command("extract", keeps="items that were encoded are kept; the same command goes on.")
def extract(
    videos: Annotated[
        list[Path],
        typer.Option(
            help="Folder of video files, or of a folder of frames for each video; or files."
        ),
    ],
    encoder: Annotated[str, typer.Option(help="Encoder spec: onnx, toy:dim=64, ...")],
    out: Annotated[Path, typer.Option(help="The feature file to write or to resume.")],
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="VIDEOS", help="The rest of --videos *.mp4."),
    ] = None,
    captions: Annotated[
        Path | None, typer.Option(help="CSV with the columns video_id,caption.")
    ] = None,
    dataset: Annotated[
        str, typer.Option(help="Dataset of --annotations; beside --captions: a name for the data.")
    ] = "",
    annotations: Annotated[
        Path | None, typer.Option(help="Folder of the dataset's original annotation files.")
    ] = None,
    split: Annotated[str, typer.Option(help="Split of the dataset, or a name for it.")] = "",
    weights: Annotated[Path | None, typer.Option(help="Weights of the encoder.")] = None,
    projection: Annotated[
        Path | None,
        typer.Option(help="npz of vrbench train projection, or a head such as projection+linear."),
    ] = None,
    frames: Annotated[
        str | None,
        typer.Option(
            help="all, fps:R, uniform:N, ends:N, head:N, tail:N, or fps:R,ends:N; M-N for M to N. "
            "Default: the dataset's (fps:1 where texts have times), else uniform:1-12."
        ),
    ] = None,
    bank_split: Annotated[
        str | None, typer.Option(help="Split of the dataset that is the bank.")
    ] = None,
    bank_videos: Annotated[
        Path | None, typer.Option(help="Videos of the bank. Default: those of --videos.")
    ] = None,
    bank_captions: Annotated[Path | None, typer.Option(help="CSV of the bank's captions.")] = None,
    bank_size: Annotated[
        int | None,
        typer.Option(min=1, help="Captions of the bank: the first of every video, the second, ..."),
    ] = None,
    dtype: Annotated[
        Literal["float16", "float32", "float64"], typer.Option(help="Storage type.")
    ] = "float16",
    normalized: Annotated[
        bool,
        typer.Option("--normalized/--raw", help="Compare by cosines, or dot products as they are."),
    ] = True,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where the encoder runs.")
    ] = "auto",
    batch: Annotated[int, typer.Option(min=1, help="Items between two writes.")] = 32,
    shard: Annotated[
        str | None,
        typer.Option(
            help="i/n: part i of n only, for vrbench merge; if --out is a folder, for join. n: all "
            "n parts and their all.h5; --out is the folder."
        ),
    ] = None,
    processes: Processes = None,
    cluster: Cluster = None,
    mixed: Mixed = False,
    limit: Annotated[int | None, typer.Option(min=1, help="The first N videos only.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at an item that cannot be read (else skip it).")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew.")] = False,
    quiet: Quiet = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print what was checked of the encoder.")
    ] = False,
) -> None:
    """Encode videos and captions into a feature file.

    Running the same command again resumes an interrupted extraction. What is encoded when it is
    interrupted is written before it ends; a second interruption ends it at once. With
    --processes or --cluster each worker extracts parts of it.

    Examples:
      vrbench extract --videos frames/ --captions test.csv --encoder onnx
          --weights models/ --out f.h5

      vrbench extract --videos MSRVTT/videos/ --dataset msrvtt
          --annotations MSRVTT/ --split test --bank-split train-9k
          --bank-size 16384 --encoder clip --weights ViT-B-32.pt
          --frames fps:1,ends:1-12 --out f.h5

      vrbench extract --videos frames/ --captions test.csv --encoder toy:dim=64
          --bank-videos train/ --bank-captions train.csv --out toy.h5

      vrbench extract --videos frames/ --captions test.csv --encoder onnx
          --weights models/ --processes 8 --shard 64 --out parts/
    """
    import warnings

    from vrbench.cli.printing.progress import bars
    from vrbench.datasets import datasets
    from vrbench.evaluation.elsewhere import backend_of
    from vrbench.extraction.extract import Inputs
    from vrbench.extraction.extract import extract as run
    from vrbench.extraction.parts import extract_parts
    from vrbench.extraction.shards import Shard
    from vrbench.runtime.cluster import Cluster as Workers

    # such a frame is refused with a sentence
    warnings.filterwarnings("ignore", "Image size .* exceeds limit")
    parts = Shard.all_of(shard)
    one = shard is not None and parts is None and out.is_dir()
    place = out / Shard.parse(shard).name if one else out
    if overwrite and place.exists():  # it stays until the new one is whole
        say_when_stopped(NOTHING_KEPT)
    places = (*videos, *(more or ()))
    source = _source(places, captions, dataset, annotations, split)
    given = datasets.parse(dataset) if annotations else None
    bank = None
    if bank_split is not None or bank_captions is not None:
        if bank_captions is not None and bank_videos is None:
            raise InputError("A bank of --bank-captions needs --bank-videos as well.")
        bank = _source(
            (bank_videos,) if bank_videos else places,
            bank_captions,
            dataset,
            annotations,
            bank_split or "",
        )
        bank = Inputs(bank.videos, bank.annotations.bank(bank_size)) if bank_size else bank
    elif bank_size or bank_videos:
        raise InputError("A bank needs --bank-captions with --bank-videos, or --bank-split.")
    first = Inputs(source.videos, source.captions, limit)
    how: dict[str, Any] = {
        "encoder": encoder,
        "weights": weights,
        "projection": projection,
        "frames": frames or (given.frames if given else "") or FRAMES,
        "bank": bank,
        "dataset": datasets.spec(given) if given else dataset,
        "split": split,
        "dtype": dtype,
        "normalized": normalized,
        "device": device,
        "batch": batch,
        "strict": strict,
        "overwrite": overwrite,
    }
    with backend_of(processes, cluster, mixed) as backend, bars(quiet) as progress:
        if parts is None and backend is None:
            done = run(first, out, shard=shard, progress=progress, **how)
        elif parts is None and shard is not None:
            raise InputError(f"--shard {shard} is one part, done here: give how many there are.")
        else:
            done = extract_parts(first, out, parts, backend=backend, progress=progress, **how)
    kinds = len(backend.about()["fingerprints"]) if isinstance(backend, Workers) else 0
    if kinds > 1:  # under --mixed
        note(f"Workers had {kinds} fingerprints: last bits may differ between parts.")
    for sentence in done.checks if verbose else ():
        note(sentence)
    if not quiet:
        _report(done)


def _source(
    videos: tuple[Path, ...],
    captions: Path | None,
    dataset: str,
    annotations: Path | None,
    split: str,
) -> Inputs:
    from vrbench.datasets import read
    from vrbench.extraction.extract import Inputs

    if captions is not None:
        if annotations is not None:
            raise InputError("Captions come from a CSV or from --annotations: give one of them.")
        return Inputs(videos, captions)
    if annotations is None or not dataset or not split:
        raise InputError(
            "Captions are needed: --captions F.csv (of a bank --bank-captions F.csv), or --dataset "
            "NAME --annotations DIR --split NAME (--bank-split NAME); see vrbench list datasets."
        )
    return Inputs(videos, read(dataset, annotations, split))


def _report(done: Extraction) -> None:
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
