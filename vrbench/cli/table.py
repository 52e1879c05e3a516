"""``vrbench table``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vrbench.cli.app import command, note


@command("table")
def table(
    name: Annotated[
        str | None,
        typer.Argument(help="tokenflow-1 to -6, ncl-1 to -5. Without one: all results found."),
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder of vrbench eval's results.")] = Path(
        "results"
    ),
    format_: Annotated[
        Literal["markdown", "csv", "json"], typer.Option("--format", help="How to print it.")
    ] = "markdown",
) -> None:
    """Print a paper's table: published rows, and apart from them what was measured here.

    Examples:
      vrbench table tokenflow-5

      vrbench table ncl-5 --format csv > ncl-5.csv

      vrbench table
    """
    from vrbench import tables
    from vrbench.results import as_dicts, load_all

    found, skipped = load_all(results) if results.is_dir() or name is None else ([], [])
    for path in skipped:
        note(f"Note: {path} is not a result and was left out.")
    values = as_dicts(found)
    made = tables.paper_table(name, values) if name else tables.results_table(values)
    typer.echo(tables.FORMATS[format_](made), nl=False)
