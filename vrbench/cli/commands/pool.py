"""``vrbench pool``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from vrbench.cli.app import Quiet, command, note


@command("pool")
def pool(
    features: Annotated[Path, typer.Argument(help="A feature file.")],
    out: Annotated[Path, typer.Option(help="The feature file to write.")],
    factor: Annotated[
        int, typer.Option(min=1, help="An item keeps one token of so many, at least one.")
    ],
    side: Annotated[
        Literal["both", "text", "video"], typer.Option(help="Whose tokens are pooled.")
    ] = "both",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file.")] = False,
    quiet: Quiet = False,
) -> None:
    """Merge the tokens of each item that are near each other, by Ward clustering of cosines.

    A cluster becomes the mean of its tokens. Global vectors stay, those of the bank too; words and
    numbers of frames, which are of single tokens, are left out.

    Examples:
      vrbench pool f.h5 --factor 3 --out g.h5

      vrbench pool f.h5 --factor 2 --side video --out g.h5
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.features.pooled_file import pool_file

    with bars(quiet) as progress:
        how: Any = {"side": side, "overwrite": overwrite, "progress": progress}
        counts = pool_file(features, out, factor, **how)
    said = [
        f"{after:.1f} of {before:.1f} tokens an item in /{name}"
        for name, (before, after) in counts.items()
    ]
    if not quiet:
        note(f"{out}: {', '.join(said)}.")
