"""``vrbench eval``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vrbench.cli.app import Quiet, command, note
from vrbench.cli.elsewhere import Cluster, Mixed, Processes
from vrbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vrbench.evaluation.evaluation import Evaluation
    from vrbench.evaluation.plan import Job
    from vrbench.results.result import Result
    from vrbench.runtime.outputs import Kind

BLOCKS = ".blocks"
"""Folder beside the results in which finished blocks of an unfinished run wait."""


@command(
    "eval", keeps="finished results are kept; the same command makes the others.", results=True
)
def evaluate(
    features: Annotated[
        list[Path] | None,
        typer.Argument(help="Feature files. Without one: the bundled MSR-VTT features."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="Alignment spec, or a sum 0.5*global+0.5*tokenflow; repeat for a grid."),
    ] = None,
    norm: Annotated[
        list[str] | None, typer.Option(help="Normalization spec; repeat for a grid.")
    ] = None,
    sequence: Annotated[
        list[str] | None,
        typer.Option(
            help="Sequence alignment spec: captions and clips are scored as paragraphs and long "
            "videos (vrbench list sequences); repeat for a grid."
        ),
    ] = None,
    head: Annotated[
        Path | None,
        typer.Option(help="Head (vrbench train HEAD) that all sides go through; brings --method."),
    ] = None,
    bank: Annotated[
        str | None,
        typer.Option(
            help="What norms may see: none, train, test (transductive), rolling (for each query "
            "those before it, and itself), rolling:N (the last N before it, and itself), head "
            "(its queue), or a feature or similarity FILE. Default: train; test for norms defined "
            "on it (dsl)."
        ),
    ] = None,
    bank_limit: Annotated[
        int | None, typer.Option(min=1, help="The last K queries of a train bank, of each side.")
    ] = None,
    k: Annotated[str, typer.Option(help="The K of R@K.")] = "1,5,10",
    ties: Annotated[
        Literal["mean", "optimistic", "pessimistic"],
        typer.Option(help="Which place a positive takes among tied negatives."),
    ] = "mean",
    v2t: Annotated[
        Literal["group-max", "best-caption", "each-caption"],
        typer.Option(help="Protocol where a video has several captions."),
    ] = "best-caption",
    side: Annotated[
        Literal["video", "audio", "video+audio"],
        typer.Option(help="What stands for a video: its frames, its /audio, or the mean of both."),
    ] = "video",
    qrels: Annotated[
        Path | None,
        typer.Option(help="TREC qrels of texts and videos, with grades, in place of the pairs."),
    ] = None,
    from_run: Annotated[
        Path | None,
        typer.Option(help="TREC run: for a text only the videos that it lists compete in t2v."),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(min=2, help="Means of N folds of the videos (COCO 1K: 5), with their spread."),
    ] = None,
    interval: Annotated[
        bool, typer.Option("--interval", help="Bootstrap intervals of each result.")
    ] = False,
    from_sim: Annotated[
        list[Path] | None,
        typer.Option(help="Measure this similarity file (npz, or one npy, pt or csv); repeat."),
    ] = None,
    save_sim: Annotated[
        Path | None,
        typer.Option(help="Write similarities, bank and all as npz (one method and norm)."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Write RUN.t2v.run, RUN.t2v.qrels and the same of v2t (TREC format)."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of results.")] = Path("results"),
    label: Annotated[
        str, typer.Option(help="Name of these results, for tables and file names.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print results as a JSON list.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write a CSV, a row a result.")] = None,
    precision: Annotated[
        Literal["single", "double"], typer.Option(help="Of products and similarities.")
    ] = "single",
    memory: Annotated[
        str | None, typer.Option(help="Bound of the process's memory, such as 2GB.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads; results do not depend on it.")
    ] = None,
    processes: Processes = None,
    cluster: Cluster = None,
    mixed: Mixed = False,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to score.")] = (
        "auto"
    ),
    no_matrix: Annotated[
        bool,
        typer.Option(
            "--no-matrix",
            help="Keep no matrix of similarities (norm none): score and measure block by block; "
            "rank emd by bounds, which leaves normalization error and hub skewness unknown.",
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="The first N videos with their texts; flagged.")
    ] = None,
    limit_ids: Annotated[
        Path | None, typer.Option(help="File with a video id a line: only these; flagged.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Recorded in the result.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Make again what exists.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    quiet: Quiet = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print timings.")] = False,
) -> None:
    """Score, normalize and measure; print a table and keep the results.

    Examples:
      vrbench eval

      vrbench eval f.h5 --method tokenflow --method max-avg --norm none --norm ncl

      vrbench eval f.h5 --method 0.5*global+0.5*tokenflow:lam=5 --norm ncl --bank test

      vrbench eval clips.h5 --method global --sequence dtw

      vrbench eval --from-sim sims.npz --norm dsl --json
    """
    from contextlib import nullcontext
    from itertools import product

    from vrbench.cli.opening import open_evaluation, read_ids
    from vrbench.cli.printing.eval import announce_grid, print_made, print_plan
    from vrbench.cli.printing.numbers import whole_numbers
    from vrbench.cli.printing.progress import bars
    from vrbench.evaluation.elsewhere import backend_of
    from vrbench.evaluation.run import Output
    from vrbench.evaluation.settings import Compute, Settings
    from vrbench.evaluation.sources.judged import Judgements
    from vrbench.metrics.trec import run_files
    from vrbench.reports.exports import write_csv
    from vrbench.runtime.memory import parse_size
    from vrbench.runtime.outputs import check_outputs

    if from_sim and (features or method):
        raise InputError("--from-sim takes neither feature files nor --method.")
    inputs = [*(features or []), *(from_sim or []), bank, limit_ids, head, qrels, from_run]
    kinds: dict[str, Kind] = {".run": "TREC run", ".qrels": "TREC qrels"}
    runs = [("--run", path, kinds[path.suffix]) for path in run_files(run)] if run else []
    check_outputs(
        [("--save-sim", save_sim, "similarity"), ("--csv", csv, "results CSV"), *runs],
        inputs,
        [out],
    )
    cut = (limit, read_ids(limit_ids), seed, bank_limit, side, folds, interval, label)
    settings = Settings(whole_numbers(k), ties, v2t, precision, *cut)
    bound = parse_size(memory) if memory else None
    with (
        backend_of(processes, cluster, mixed, from_sim) if not dry_run else nullcontext() as backend
    ):
        compute = Compute(precision, device, workers, bound, not no_matrix, backend, out / BLOCKS)
        judgements = Judgements(qrels, from_run)
        files: Sequence[Path | None] = [] if from_sim else features or [None]
        pairs = [*((file, None) for file in files), *((None, sim) for sim in from_sim or [])]
        given = dict.fromkeys(pairs)  # as of repeated methods, one is enough
        alongs: Iterable[str | None] = dict.fromkeys(sequence) if sequence else (None,)
        existing = None if overwrite or save_sim or run else out
        work: list[tuple[Evaluation, list[Job]]] = []
        left_out: dict[str, str] = {}
        for (file, sim), along in product(given, alongs):
            opened = open_evaluation(file, sim, bank, along, settings, compute, head, judgements)
            norms, lacking = norm or ["none"], opened.without_bank(norm or [])
            if len(lacking) < len(set(norms)):  # what can be run is, and the others are named
                norms = [one for one in norms if one not in lacking]
                left_out |= lacking
            work.append((opened, opened.jobs(method or [opened.method], norms, existing)))
        for option in (name for name, path in (("save-sim", save_sim), ("run", run)) if path):
            if sum(len(jobs) for _, jobs in work) != 1:
                raise InputError(
                    f"--{option} holds one result: give one file, one --method, one --norm and at "
                    "most one --sequence."
                )
        if dry_run:
            print_plan(work)
            _refuse(left_out)
            return
        results: list[Result] = []
        try:
            for opened, jobs in work:
                if not quiet:
                    announce_grid(opened, jobs, out)
                with bars(quiet) as progress:
                    results += opened.run(jobs, Output(out, save_sim, run), progress)
        finally:
            if results and csv:
                write_csv(results, csv)
            if results:  # also those that were finished before one failed
                said = [text for opened, _ in work for text in opened.source.notes]
                print_made(results, json, verbose, None if quiet else said)
                if not quiet:
                    lie = "result lies" if len(results) == 1 else f"{len(results)} results lie"
                    note(f"The {lie} in {out}: vrbench report {out} makes a page of them.")
    _refuse(left_out)


def _refuse(left_out: dict[str, str]) -> None:
    """Say which norms of the grid were left out, after what could be run."""
    if left_out:
        raise InputError(f"Left out: {', '.join(left_out)}. {next(iter(left_out.values()))}")
