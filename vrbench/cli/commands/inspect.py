"""``vrbench inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vrbench.cli.app import command, print_json


@command("inspect")
def inspect(
    file: Annotated[Path, typer.Argument(metavar="F.h5", help="The feature file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the content of a feature file, and whether it is sound.

    Exit code: 0 sound, 1 readable but unsound, 2 missing or not a feature file.

    Examples:
      vrbench inspect features/msrvtt-476.h5

      vrbench inspect --json f.h5
    """
    from vrbench.features.inspect import inspect_file

    report = inspect_file(file)
    if as_json:
        # attributes of other programs may hold anything
        print_json(report.to_dict(), allow_nan=True, default=str)
    else:
        from vrbench.cli.printing.inspect import print_report

        print_report(report)
    if not report.sound:
        raise typer.Exit(1)
