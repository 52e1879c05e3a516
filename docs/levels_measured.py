"""What heads of the page on levels give on a test set; results lie in a folder, and are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from docs.trainings import Trained, Training
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.results import Result


@dataclass(frozen=True)
class Measured:
    """A training's numbers over its seeds.

    Attributes:
        training: what was trained.
        heads: one a seed.
        results: of each seed, by what was measured.
    """

    training: Training
    heads: Sequence[Trained]
    results: Sequence[Mapping[str, Result]]

    @property
    def validations(self) -> list[float]:
        """The validation of each seed."""
        return [head.validation for head in self.heads]

    @property
    def kept(self) -> str:
        """The epoch of each seed that is kept; 0: the head as it began."""
        return ", ".join(str(head.kept) for head in self.heads)

    def values(self, what: str, key: str = "R@1", direction: str = "t2v") -> list[float]:
        """Return a metric of each seed."""
        return [float(one[what]["metrics"][direction][key]) for one in self.results]

    def shares(self, what: str, key: str, direction: str = "t2v") -> list[float]:
        """Return a diagnostic of each seed."""
        return [float(one[what]["diagnostics"][direction][key]) for one in self.results]


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


def spread(values: Iterable[float], decimals: int = 1) -> str:
    """Mean and standard deviation over the seeds; of one seed its value."""
    given = list(values)
    if len(given) == 1:
        return f"{given[0]:.{decimals}f}"
    return f"{np.mean(given):.{decimals}f} ± {np.std(given, ddof=1):.{decimals}f}"
