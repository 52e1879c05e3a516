"""Printing what ``eval`` would do."""

from __future__ import annotations

from collections.abc import Sequence

from vrbench.cli.app import say
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.plan import Job


def print_plan(work: Sequence[tuple[Evaluation, Sequence[Job]]]) -> None:
    """Print a line a job: what it costs, or that its result exists."""
    for evaluation, jobs in work:
        source = evaluation.source
        say(f"{source.name}: {source.truth.n_text} texts x {source.truth.n_video} videos")
        for job in jobs:
            cost = evaluation.estimate(job) if not job.exists else None
            state = "exists" if job.exists else str(cost or "nothing to score")
            say(f"  {job.label}: {state}")
