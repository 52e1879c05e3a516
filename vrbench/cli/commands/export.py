"""``vrbench export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vrbench.cli.app import command, note, say


@command("export")
def export(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format_: Annotated[
        Literal["csv", "mteb", "model-index", "ranks"],
        typer.Option(
            "--format",
            help="csv: a row a result; mteb: JSON as mteb's; model-index: YAML for a model card; "
            "ranks: parquet, a row a query (extra parquet).",
        ),
    ],
    results: Annotated[Path, typer.Argument(help="Folder of results, or one result.")] = Path(
        "results"
    ),
) -> None:
    """Write results in the format of another program.

    Examples:
      vrbench export --format csv --out all.csv

      vrbench export results --format mteb --out mteb.json

      vrbench export results --format model-index --out card.yaml

      vrbench export results/msrvtt_global_none_1a2b.json --format ranks --out ranks.parquet
    """
    from vrbench.errors import InputError
    from vrbench.reports.exports import FORMATS
    from vrbench.results.result import load, load_all
    from vrbench.runtime.outputs import check_output

    check_output("--out", out, [results], "results CSV" if format_ == "csv" else format_)
    if results.is_file():
        found = [load(results)]
    else:
        found, skipped = load_all(results)
        for path in skipped:
            note(f"Note: {path} is not a result and was left out.")
    if not found:
        raise InputError(f"{results} holds no result: run vrbench eval first.")
    FORMATS[format_](found, out)
    say(str(out))
