"""``vrbench table``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vrbench.cli.app import command, note, print_document
from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench.tables.formats import Table

Format = Annotated[
    Literal["terminal", "markdown", "csv", "latex", "json"] | None,
    typer.Option("--format", help="How to print it. Default: for the terminal, else markdown."),
]


@command("table")
def table(
    name: Annotated[
        str | None,
        typer.Argument(
            help="tokenflow-1 to -6, ncl-1 to -5, ucofia-9 to -14, modality-structure-1 to -8, "
            "norton-1 to -9. Without one: all results found."
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(help="Every published number of this system, and where the papers differ."),
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder of vrbench eval's results.")] = Path(
        "results"
    ),
    format_: Format = None,
) -> None:
    """Print a paper's table: published rows and, apart from them, the rows measured here.

    Examples:
      vrbench table tokenflow-5

      vrbench table ncl-5 --format csv > ncl-5.csv

      vrbench table --system CLIP4Clip

      vrbench table
    """
    if system is not None:
        from vrbench.tables.systems import system_table

        if name is not None:
            raise InputError(f"Give a table or --system, not both: {name} and {system}.")
        print_as(system_table(system), format_)
        return
    from vrbench import tables
    from vrbench.results.result import load_all, with_ranks

    if name is None and not results.is_dir():
        raise InputError(
            f"{results} is not a folder of results: run vrbench eval first, give its --out as "
            "--results, or name a paper's table (vrbench list tables)."
        )
    found, skipped = load_all(results) if results.is_dir() else ([], [])
    for path in skipped:
        note(f"Note: {path} is not a result and was left out.")
    values = with_ranks(found)
    print_as(tables.paper_table(name, values) if name else tables.results_table(values), format_)


def print_as(made: Table, format_: str | None) -> None:
    """Print a table on stdout in a format; None: for the terminal, else markdown."""
    import sys

    if format_ == "terminal" or (format_ is None and sys.stdout.isatty()):
        from vrbench.cli.printing.table import print_table

        print_table(made)
        return
    from vrbench.tables import FORMATS

    print_document(FORMATS[format_ or "markdown"](made))
