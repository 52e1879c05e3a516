"""Printing what eval will do, and what it did."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vrbench.cli.app import note, print_json, say
from vrbench.cli.printing.results import print_notes, print_results

if TYPE_CHECKING:
    from vrbench.evaluation.evaluation import Evaluation
    from vrbench.evaluation.plan import Job
    from vrbench.results.result import Result

FEW = 100_000
"""Pairs that are scored before a person would read what they take."""


def announce(evaluation: Evaluation, jobs: Sequence[Job]) -> None:
    """Say what a long run will take, before it."""
    from vrbench.evaluation.estimate import LONG

    for job in jobs:
        few = evaluation.source.pairs(job.bank) < FEW
        cost = None if job.exists or few else evaluation.estimate(job)
        if cost is not None and cost.seconds > LONG:
            note(f"{job.label}: {cost}.")


def announce_grid(evaluation: Evaluation, jobs: Sequence[Job], folder: Path) -> None:
    """Say before the work what it will take, what the data lack, and what is there already."""
    announce(evaluation, jobs)
    for text in evaluation.source.notes:
        note(f"Note: {text}")
    made = [job for job in jobs if not job.exists and job.method is not None]
    if made and not evaluation.compute.matrix and all(job.bank != "none" for job in made):
        note("Note: the matrix is kept in spite of --no-matrix: the norm needs it.")
    if existing := sum(job.exists for job in jobs):
        note(f"{existing} of {len(jobs)} results exist in {folder} (--overwrite makes them again).")


def print_plan(work: Sequence[tuple[Evaluation, Sequence[Job]]]) -> None:
    """Print the jobs, and what each takes."""
    for evaluation, jobs in work:
        source = evaluation.source
        say(f"{source.name}: {source.truth.n_text} texts x {source.truth.n_video} videos")
        for job in jobs:
            cost = evaluation.estimate(job) if not job.exists else None
            state = "exists" if job.exists else str(cost or "nothing to score")
            say(f"  {job.label}: {state}")


def print_made(
    results: Sequence[Result], as_json: bool, verbose: bool, said: Sequence[str] | None
) -> None:
    """Print results, and their notes besides ``said``; None: no notes."""
    values = [result.to_dict() for result in results]
    if as_json:
        print_json(values)
    else:
        print_results(values)
    # under the tables they stand already, where a person sees both streams
    if said is not None and (as_json or not sys.stdout.isatty()):
        print_notes(values, said)
    if as_json:
        return
    for value in values if verbose else []:
        seconds = ", ".join(f"{phase} {s:.2f} s" for phase, s in value["seconds"].items())
        note(f"{value['method']} {value['norm']}: {seconds}; {value['norm_info'] or ''}")
