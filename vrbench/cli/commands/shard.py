"""``vrbench shard``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vrbench.cli.app import Quiet, command, note


@command("shard", keeps="finished parts are kept; with --overwrite it begins anew.")
def shard(
    file: Annotated[Path, typer.Argument(metavar="F.h5", help="The feature file.")],
    parts: Annotated[int, typer.Option(min=1, max=99_999, help="Number of parts.")],
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace such files.")] = False,
    quiet: Quiet = False,
) -> None:
    """Store a feature file as a folder of shards that opens as one.

    The folder gets part-00001-of-00008.h5, ..., each a feature file of a stretch of
    the videos with their texts, and all.h5, which holds ids and offsets and takes the
    rest from the parts (HDF5 virtual datasets). vrbench eval DIR/all.h5 then gives the
    same numbers as F.h5. all.h5 has to stay in the folder of its parts; a part that is
    missing, shorter or exchanged is refused. vrbench merge DIR/part-* --out F.h5 makes
    one file again.

    Examples:
      vrbench shard msrvtt.h5 --parts 8 --out msrvtt/

      vrbench eval msrvtt/all.h5 --method max-avg
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.extraction.sharding import WHOLE, shard_features

    with bars(quiet) as progress:
        how: Any = {"overwrite": overwrite, "progress": progress}
        counts, moved = shard_features(file, parts, out, **how)
    if quiet:
        return
    for side in moved:
        note(f"/{side} comes in the order of its videos now, not in that of {file}.")
    said = ", ".join(f"{count} in /{side}" for side, count in counts.items())
    note(f"{out / WHOLE}: {said}; {parts} parts.")
