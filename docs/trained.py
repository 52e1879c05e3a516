"""Heads that pages train in processes of their own and keep in a folder, and their numbers."""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Generic, TypeVar

import numpy as np

from vrbench.heads.file import load
from vrbench.heads.head import Head
from vrbench.results import Result

SEEDS = (0, 1, 2)
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

T = TypeVar("T")


def processes(most: int = 1, *, alone: bool = False) -> ProcessPoolExecutor:
    """Return processes of one thread, which end when this one does, however it ends.

    Args:
        most: at once.
        alone: each does one thing, so that its peak of memory is its own.
    """
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    context = multiprocessing.get_context("spawn")
    once = 1 if alone else None
    return ProcessPoolExecutor(most, context, _end_with_parent, max_tasks_per_child=once)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


@dataclass(frozen=True)
class Trained:
    """A head on disk.

    Attributes:
        path: of its file.
        seconds: of the training without its start, CPU seconds.
        gigabytes: at most in memory, of the process, features and imports included; NaN where that
            is kept elsewhere.
    """

    path: Path
    seconds: float
    gigabytes: float = math.nan

    def head(self) -> Head:
        """Read it."""
        return load(self.path)

    @property
    def curve(self) -> list[float]:
        """The sum of R@1, R@5 and R@10 of both directions, before training and after each epoch."""
        return _validated(self.path)[0]

    @property
    def kept(self) -> int:
        """The epoch that is kept, the best one; 0: the head as it began."""
        return _validated(self.path)[1]

    @property
    def validation(self) -> float:
        """The curve's value at the best epoch."""
        return self.curve[self.kept]

    @property
    def per_epoch(self) -> float:
        """CPU seconds of an epoch, its validation included."""
        return self.seconds / (len(self.curve) - 1)

    @property
    def parameters(self) -> int:
        """How many numbers are trained, the logit scale included."""
        head = self.head()
        fixed = tuple(f"{name}." for name, part in head.spec.parts.items() if not part.trained)
        return sum(w.size for name, w in head.weights.items() if not name.startswith(fixed))


@cache
def _validated(path: Path) -> tuple[list[float], int]:
    """Return a head's curve and its best epoch; which are read once: the file may be large."""
    about = load(path).about
    return [float(row["sum"]) for row in about["validation"]], int(about["best"])


@dataclass(frozen=True)
class OverSeeds(Generic[T]):
    """A training's numbers over its seeds.

    Attributes:
        training: what was trained.
        heads: one a seed.
        results: of each seed, by what was measured: ``raw``, a bank, a norm.
    """

    training: T
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


def spread(values: Iterable[float], decimals: int = 1) -> str:
    """Mean and standard deviation over the seeds; of one seed its value."""
    given = list(values)
    if len(given) == 1:
        return f"{given[0]:.{decimals}f}"
    return f"{np.mean(given):.{decimals}f} ± {np.std(given, ddof=1):.{decimals}f}"
