"""What heads of the page on levels give on a test set; results lie in a folder, and are kept."""

from __future__ import annotations

from pathlib import Path

from docs.trained import OverSeeds, Trained
from docs.trainings import Training
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.results import Result

Measured = OverSeeds[Training]
"""A training's numbers over its seeds."""


def evaluated(
    test: Path, head: Trained, method: str, folder: Path, **how: str
) -> dict[str, Result]:
    """Return the results of a head: without a norm as ``raw``, and under each norm by its spec.

    Args:
        test: feature file of the test videos.
        head: whose method it is measured with.
        method: spec.
        folder: of results.
        how: ``norms``, separated by spaces; ``sequence``, a spec.
    """
    opened = Evaluation.open(test, head=head.head(), sequence=how.get("sequence"))
    specs = ["none", *how.get("norms", "").split()]
    jobs = opened.jobs([method], specs, folder)
    found = opened.run(jobs, Output(folder))
    return {"raw" if spec == "none" else spec: one for spec, one in zip(specs, found, strict=True)}
