"""``vrbench merge``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vrbench.cli.app import Quiet, command, note


@command("merge")
def merge(
    shards: Annotated[list[Path], typer.Argument(help="All shards of an extraction.")],
    out: Annotated[Path, typer.Option(help="The feature file to write.")],
    virtual: Annotated[
        bool,
        typer.Option(
            "--virtual", help="Leave tokens in the shards, which lie in the folder of --out."
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file.")] = False,
    quiet: Quiet = False,
) -> None:
    """Join the shards of an extraction into one feature file.

    The result equals what one extraction without --shard writes. The order of
    the arguments does not matter. With --virtual only ids and offsets are copied: the
    shards are then its parts, see vrbench shard.

    Examples:
      vrbench extract ... --shard 1/2 --out 1.h5; vrbench extract ... --shard 2/2 --out 2.h5

      vrbench merge 1.h5 2.h5 --out all.h5

      vrbench merge set/1.h5 set/2.h5 --virtual --out set/all.h5
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.extraction.merging import merge_shards

    with bars(quiet) as progress:
        how: Any = {"virtual": virtual, "overwrite": overwrite}
        counts = merge_shards(shards, out, **how, progress=progress)
    if not quiet:
        note(f"{out}: {', '.join(f'{count} in /{side}' for side, count in counts.items())}.")
