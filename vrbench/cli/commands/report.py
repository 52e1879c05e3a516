"""``vrbench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vrbench.cli.app import Quiet, command, note, say


@command("report")
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of results, figures, similarities.")],
    out: Annotated[
        Path | None, typer.Option(help="The page. Default: report.html in the folder.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write one self-contained HTML page of a results folder.

    It has the results with their paired tests, the papers' tables that they fill, an audit of every
    similarity file, and every figure in the folder. It needs no network and runs no script.

    Examples:
      vrbench report results

      vrbench report results --out page.html
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.reports.page import report as write
    from vrbench.results.result import check_folder
    from vrbench.runtime.outputs import check_output

    if out is None:
        check_folder(folder)  # before the page in it
    page = out or folder / "report.html"
    check_output("--out", page, [], "html")
    with bars(quiet) as progress:
        notes = write(folder, page, progress)
    for text in () if quiet else notes:
        note(f"Note: {text}; left out.")
    say(str(page))
