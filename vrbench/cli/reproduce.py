"""``vrbench reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vrbench.cli.app import command, note
from vrbench.cli.table import Format, print_as
from vrbench.labels import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrbench.results import Result
    from vrbench.tables.reproducing import Reproduction


@command("reproduce")
def reproduce(
    name: Annotated[str, typer.Argument(help="A paper's table, such as tokenflow-5.")],
    features: Annotated[
        list[Path] | None,
        typer.Argument(help="Feature files. Without one: the bundled MSR-VTT features."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of results; what exists is skipped.")] = Path(
        "results"
    ),
    format_: Format = None,
    memory: Annotated[
        str | None, typer.Option(help="Bound of the process's memory, such as 2GB.")
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to score.")] = (
        "auto"
    ),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Make again what exists.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress.")] = False,
) -> None:
    """Run the grid that a paper's table needs on feature files, then print the table.

    On other features than the paper's this reproduces the table's shape, not its numbers.

    Examples:
      vrbench reproduce tokenflow-5 --dry-run

      vrbench reproduce ncl-5 f.h5 --out results
    """
    from contextlib import nullcontext

    from vrbench import published, tables
    from vrbench.bundled import bundled_features
    from vrbench.cli.progress import Bars
    from vrbench.evaluation.grid import Settings
    from vrbench.evaluation.run import Run
    from vrbench.evaluation.sources import Compute
    from vrbench.memory import parse_size
    from vrbench.results import with_ranks
    from vrbench.tables.reproducing import recalls, reproductions

    table = published.load(name)
    settings = Settings(recalls(table))
    compute = Compute("single", device, None, parse_size(memory) if memory else None)
    existing = None if overwrite else out
    work = [
        found
        for path in features or [bundled_features()]
        for found in reproductions(table, path, settings, compute, existing)
    ]
    if dry_run:
        _print_plan(work)
        return
    results: list[Result] = []
    for found in work:
        source = found.source
        if not quiet:
            for text in (*source.notes, *(f"Left empty: {text}" for text in found.empty)):
                note(text)
        if found.jobs:
            with nullcontext() if quiet else Bars() as bars:
                results += Run(source, settings, compute, out, bars).run(found.jobs)
    print_as(tables.paper_table(name, with_ranks(results)), format_)


def _print_plan(work: Sequence[Reproduction]) -> None:
    for found in work:
        source = found.source
        kinds = ("paragraphs", "long videos") if source.sequence else ("texts", "videos")
        size = f"{source.truth.n_text} {kinds[0]} x {source.truth.n_video} {kinds[1]}"
        typer.echo(one_line(f"{source.about['features']['file']}: {size}"))
        for job in found.jobs:
            state = "exists" if job.exists else f"{source.pairs(job.bank):,} pairs to score"
            typer.echo(f"  {job.label}: {state}")
        for text in found.empty:
            typer.echo(f"  left empty: {text}")
