"""``vrbench join``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vrbench.cli.app import Quiet, command, note


@command("join")
def join(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the parts.")],
    quiet: Quiet = False,
) -> None:
    """Write all.h5 of a folder of shards, which opens as one feature file.

    The parts are those of vrbench shard, or of vrbench extract --shard i/n --out DIR.
    They stay as they are. Run it again after a part was made anew.

    Examples:
      vrbench extract ... --shard 1/2 --out set/; vrbench extract ... --shard 2/2 --out set/

      vrbench join set/
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.extraction.sharding import WHOLE, join_shards
    from vrbench.runtime.progress import phase

    with bars(quiet) as progress, phase(WHOLE, progress):
        counts = join_shards(folder)
    said = ", ".join(f"{count} in /{side}" for side, count in counts.items())
    if not quiet:
        note(f"{folder / WHOLE}: {said}.")
