"""``vrbench reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vrbench.cli.app import Quiet, command, note, say
from vrbench.cli.commands.table import Format, print_as
from vrbench.cli.elsewhere import Cluster, Mixed, Processes
from vrbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vrbench.cli.row_heads import RowHeads
    from vrbench.evaluation.run import Output
    from vrbench.evaluation.settings import Settings
    from vrbench.results.schema import ResultDict
    from vrbench.tables.reproducing import Reproduction


@command(
    "reproduce",
    keeps="finished results and epochs are kept; the same command goes on.",
    results=True,
)
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
    train: Annotated[
        Path | None,
        typer.Option(
            metavar="FEATURES",
            help="Feature file of training videos: each row whose system is trained gets a head, "
            "trained with the row's alignment and loss. Without it, those rows are measured on "
            "the features as they are.",
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            help="Head in the place of fine-tuned encoders; a row's own, such as learnable, is "
            "added. Default: linear."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="As in train. Default: 10.")] = None,
    lr: Annotated[float | None, typer.Option(min=0, help="As in train. Default: 0.0001.")] = None,
    seed: Annotated[int | None, typer.Option(help="As in train. Default: 0.")] = None,
    out: Annotated[
        Path, typer.Option(help="Folder of results, and of heads/; what exists is skipped.")
    ] = Path("results"),
    format_: Format = None,
    memory: Annotated[
        str | None, typer.Option(help="Bound of the process's memory, such as 2GB.")
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to score.")] = (
        "auto"
    ),
    processes: Processes = None,
    cluster: Cluster = None,
    mixed: Mixed = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Make again what exists.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    quiet: Quiet = False,
) -> None:
    """Run the grid that a paper's table needs on feature files, then print the table.

    On other features than the paper's this reproduces the table's shape, not its numbers.
    Each row is measured as the paper describes it (see the notes of vrbench table NAME).

    Examples:
      vrbench reproduce tokenflow-5 --dry-run

      vrbench reproduce ncl-5 f.h5 --out results

      vrbench reproduce tokenflow-5 --method "TokenFlow=0.7*global+0.3*tokenflow:lam=5"

      vrbench reproduce ncl-2 f.h5 --norm ncl:gamma=0.05 --bank rolling --v2t best-caption

      vrbench reproduce tokenflow-5 test.h5 --train train.h5 --lr 1e-3
    """
    from contextlib import ExitStack, nullcontext

    from vrbench import published, tables
    from vrbench.bundled import bundled_features
    from vrbench.cli.row_heads import RowHeads
    from vrbench.evaluation.elsewhere import backend_of
    from vrbench.evaluation.run import Output
    from vrbench.evaluation.settings import Compute, Settings
    from vrbench.features import open_features
    from vrbench.runtime.memory import parse_size, set_bound
    from vrbench.tables.choices import HEAD, read_choices
    from vrbench.tables.reproducing import reasons, recalls, reproductions

    table = published.load(name)
    numbers = {"epochs": epochs, "lr": lr, "seed": seed}
    given = {key: value for key, value in numbers.items() if value is not None}
    if train is None and (head is not None or given):
        option = "head" if head is not None else next(iter(given))
        raise InputError(f"--{option} says how heads are trained: give --train, too.")
    learnt = None if train is None else head or HEAD
    choices = read_choices(table, method or [], norm or [], bank, learnt)
    settings = Settings(recalls(table), ties, v2t or table.v2t or "best-caption")
    bound = parse_size(memory) if memory else None
    set_bound(bound)
    existing = None if overwrite else out
    with ExitStack() as files:
        where = nullcontext() if dry_run else backend_of(processes, cluster, mixed)
        compute = Compute("single", device, None, bound, backend=files.enter_context(where))
        heads = None
        if train is not None:
            opened = files.enter_context(open_features(train))
            heads = RowHeads(opened, given, out, device, bound, overwrite, quiet)
        work = [
            found
            for path in features or [bundled_features()]
            for found in reproductions(table, path, settings, compute, existing, choices)
        ]
        if heads is not None:
            heads.check(work)
        if dry_run:
            _print_plan(work, settings, heads)
            return
        filled: dict[str, list[ResultDict]] = {}
        for found in _all(work, heads, quiet):
            for row, results in _by_row(found, Output(out), quiet).items():
                filled.setdefault(row, []).extend(results)
    print_as(tables.filled_table(table, filled, reasons(work)), format_)


def _all(
    work: Sequence[Reproduction], heads: RowHeads | None, quiet: bool
) -> Iterator[Reproduction]:
    """Yield what needs no head, then what needs one, behind each head as it is trained."""
    for found in work:
        if not quiet:
            for text in (*found.evaluation.source.notes, *_left_empty(found)):
                note(text)
        yield found
    recipes = list(dict.fromkeys(recipe for found in work for recipe in found.trained))
    for i, recipe in enumerate(recipes if heads is not None else (), 1):
        assert heads is not None
        learnt = heads.learn(recipe, f"Head {i} of {len(recipes)}")
        for found in work:
            if recipe in found.trained:
                yield found.with_head(recipe, learnt)


def _by_row(found: Reproduction, output: Output, quiet: bool) -> dict[str, list[ResultDict]]:
    """Run the missing jobs, and return the results of each row."""
    from vrbench.cli.printing.progress import bars
    from vrbench.results.result import with_ranks

    results = []
    if found.jobs:
        with bars(quiet) as progress:
            results = with_ranks(found.evaluation.run(found.jobs, output, progress))
    named = dict(zip((job.name for job in found.jobs), results, strict=True))
    return {row: [named[name] for name in names] for row, names in found.rows.items()}


def _left_empty(found: Reproduction) -> list[str]:
    return [f"Left empty: {row}: {reason}." for row, reason in found.empty.items()]


def _print_plan(work: Sequence[Reproduction], settings: Settings, heads: RowHeads | None) -> None:
    for found in work:
        source = found.evaluation.source
        kinds = ("paragraphs", "long videos") if source.sequence else ("texts", "videos")
        size = f"{source.truth.n_text} {kinds[0]} x {source.truth.n_video} {kinds[1]}"
        protocol = f"ties {settings.ties}; v2t {settings.v2t}"
        say(f"{source.name}: {size}; {protocol}")
        _print_jobs(found, "  ")
        for recipe in found.trained if heads is not None else ():
            assert heads is not None
            say(f"  head {heads.plan(recipe)}")
            known = heads.existing(recipe)
            if known is not None:
                _print_jobs(found.with_head(recipe, known), "    ")
        for text in _left_empty(found):
            say(f"  {text[0].lower()}{text[1:]}")


def _print_jobs(found: Reproduction, indent: str) -> None:
    source = found.evaluation.source
    for job in found.jobs:
        state = "exists" if job.exists else f"{source.pairs(job.bank):,} pairs to score"
        say(f"{indent}{job.label}: {state}")
