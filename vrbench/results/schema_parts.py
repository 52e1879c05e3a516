"""Parts of a result file that others are made of: banks, tuning, folds, intervals."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from vrbench.metrics.values import Bounds, DeviationsByDirection

UNREAD = "unread"
"""Marks values that no command reads; a file with another type there is not refused."""

Count = Annotated[int, "a whole number"]
"""From 0."""

Report = Annotated[dict[str, Any], "an object of words, numbers and lists of numbers"]


class QueryCounts(TypedDict):
    """Queries of a bank."""

    n_text: Count
    n_video: Count


class BankAbout(TypedDict):
    """The bank of a norm; ``kind`` is none, train, test, rolling or file.

    ``queue`` is there where it is a head's queue: ``stale`` or ``final``, see ``vrbench train``.
    """

    kind: str
    n_text: Count
    n_video: Count
    queue: NotRequired[str | None]


Trial = TypedDict(
    "Trial", {"norm": str, "R@1": float, "MnR": float, "transductive": NotRequired[bool]}
)
"""One norm on the validation part: means over the directions; whether it saw its queries."""


class TuningAbout(TypedDict):
    """How a norm's parameters were chosen; ``validation`` has the numbers of texts and videos."""

    validation: list[int]
    bank: BankAbout
    direction: str
    seed: int


class TuningDict(TuningAbout):
    """Which norm was chosen, and all that was tried, in order."""

    chosen: str
    curve: list[Trial]


class FoldsAbout(TypedDict):
    """The number of folds, and the standard deviation over them, of n - 1."""

    n: Count
    spread: DeviationsByDirection


class IntervalsAbout(TypedDict):
    """Percentile intervals of the metrics, by the bootstrap over queries."""

    level: Annotated[float, Bounds(0, 1)]
    draws: Count
    seed: Count
    t2v: Report
    v2t: Report
