"""The interface of tasks on feature files, and what they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.registry import Registry
from vrbench.runtime.progress import Progress

TaskReport = dict[str, Any]
"""What a task measured: counts, percentages, and the words that tell it from another report."""


class Task(ABC):
    """A frozen dataclass: one of the papers' other tasks; its fields are the parameters."""

    source: ClassVar[str] = ""
    """Paper and table."""

    @abstractmethod
    def report(self, features: Features, progress: Progress | None = None) -> TaskReport:
        """Measure the task on a feature file.

        Raises:
            InputError: the file lacks what the task needs.
        """


tasks: Registry[Task] = Registry("task", "vrbench.tasks", base=Task)


def column(items: Tokens, name: str, what: str) -> NDArray[Any]:
    """Return a column of the items.

    Raises:
        InputError: there is none; ``what`` says what it would hold.
    """
    if name not in items.item_columns:
        raise InputError(f"{items.name} has no column {name}: this task needs {what}.")
    return items.item_columns[name]


def whole_labels(labels: NDArray[Any], items: Tokens) -> NDArray[np.int64]:
    """(n,) labels as whole numbers; a reader of a dataset writes them as names.

    Raises:
        InputError: one is no whole number.
    """
    try:
        return np.array([int(label) for label in labels], dtype=np.int64)
    except ValueError as error:
        raise InputError(f"/label of {items.name} must hold whole numbers: {error}.") from error


def times(items: Tokens) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return start and end of each item, in seconds.

    Raises:
        InputError: a column is missing, a time is not finite, or an item ends before it starts.
    """
    start, end = (np.asarray(column(items, n, "seconds"), np.float64) for n in ("start", "end"))
    bad = np.flatnonzero(~(np.isfinite(start) & np.isfinite(end) & (start <= end)))
    if len(bad):
        row = int(bad[0])
        raise InputError(
            f"Item '{items.ids[row]}' of {items.name} is from {start[row]:g} to {end[row]:g} s: "
            "give each item a start and, not before it, an end."
        )
    return start, end
