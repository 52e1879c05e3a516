"""``vrbench reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vrbench.cli.app import command, note, say
from vrbench.cli.commands.table import Format, print_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrbench.evaluation.run import Output
    from vrbench.evaluation.settings import Settings
    from vrbench.results.schema import ResultDict
    from vrbench.runtime.progress import Progress
    from vrbench.tables.reproducing import Reproduction


@command("reproduce")
def reproduce(
    name: Annotated[str, typer.Argument(help="A paper's table, such as tokenflow-5.")],
    features: Annotated[
        list[Path] | None,
        typer.Argument(help="Feature files. Without one: the bundled MSR-VTT features."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW=SPEC",
            help="Measure a row, named as printed, by this alignment, such as a sum with other "
            "weights; repeat.",
        ),
    ] = None,
    norm: Annotated[
        list[str] | None,
        typer.Option(
            help="In place of the norm of the rows that have one (of all rows, where none has); "
            "repeat for a grid."
        ),
    ] = None,
    bank: Annotated[
        str | None, typer.Option(help="Bank in place of the training queries; as in eval.")
    ] = None,
    ties: Annotated[
        Literal["mean", "optimistic", "pessimistic"], typer.Option(help="As in eval.")
    ] = "mean",
    v2t: Annotated[
        Literal["group-max", "best-caption", "each-caption"] | None,
        typer.Option(help="As in eval. Default: the paper's where it is known, else best-caption."),
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
    Each row is measured as the paper describes it (see the notes of vrbench table NAME).

    Examples:
      vrbench reproduce tokenflow-5 --dry-run

      vrbench reproduce ncl-5 f.h5 --out results

      vrbench reproduce tokenflow-5 --method "TokenFlow=0.7*global+0.3*tokenflow:lam=5"

      vrbench reproduce ncl-2 f.h5 --norm ncl:gamma=0.05 --bank rolling --v2t best-caption
    """
    from contextlib import nullcontext

    from vrbench import published, tables
    from vrbench.bundled import bundled_features
    from vrbench.cli.printing.progress import Bars
    from vrbench.evaluation.run import Output
    from vrbench.evaluation.settings import Compute, Settings
    from vrbench.runtime.memory import parse_size
    from vrbench.tables.choices import read_choices
    from vrbench.tables.reproducing import reasons, recalls, reproductions

    table = published.load(name)
    choices = read_choices(table, method or [], norm or [], bank)
    settings = Settings(recalls(table), ties, v2t or table.v2t or "best-caption")
    compute = Compute("single", device, None, parse_size(memory) if memory else None)
    existing = None if overwrite else out
    work = [
        found
        for path in features or [bundled_features()]
        for found in reproductions(table, path, settings, compute, existing, choices)
    ]
    if dry_run:
        _print_plan(work, settings)
        return
    filled: dict[str, list[ResultDict]] = {}
    for found in work:
        if not quiet:
            for text in (*found.evaluation.source.notes, *_left_empty(found)):
                note(text)
        with nullcontext() if quiet else Bars() as bars:
            for row, results in _by_row(found, Output(out), bars).items():
                filled.setdefault(row, []).extend(results)
    print_as(tables.filled_table(table, filled, reasons(work)), format_)


def _by_row(
    found: Reproduction, output: Output, progress: Progress | None
) -> dict[str, list[ResultDict]]:
    """Run the missing jobs, and return the results of each row."""
    from vrbench.results.result import with_ranks

    results = []
    if found.jobs:
        results = with_ranks(found.evaluation.run(found.jobs, output, progress))
    named = dict(zip((job.name for job in found.jobs), results, strict=True))
    return {row: [named[name] for name in names] for row, names in found.rows.items()}


def _left_empty(found: Reproduction) -> list[str]:
    return [f"Left empty: {row}: {reason}." for row, reason in found.empty.items()]


def _print_plan(work: Sequence[Reproduction], settings: Settings) -> None:
    for found in work:
        source = found.evaluation.source
        kinds = ("paragraphs", "long videos") if source.sequence else ("texts", "videos")
        size = f"{source.truth.n_text} {kinds[0]} x {source.truth.n_video} {kinds[1]}"
        protocol = f"ties {settings.ties}; v2t {settings.v2t}"
        say(f"{source.name}: {size}; {protocol}")
        for job in found.jobs:
            state = "exists" if job.exists else f"{source.pairs(job.bank):,} pairs to score"
            say(f"  {job.label}: {state}")
        for text in _left_empty(found):
            say(f"  {text[0].lower()}{text[1:]}")
