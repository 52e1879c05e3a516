"""The types of a comparison, as ``vrbench compare --json`` prints it."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from vrbench.sims.sim import Direction


class ResultAbout(TypedDict):
    """One of the results: its file, and its labels."""

    file: str
    data: str
    how: str


class Difference(TypedDict):
    """One metric of two results, ``a`` and ``b``.

    ``wins`` are queries with the lower rank in b; of a mean, with the larger number.
    """

    value_a: float
    value_b: float
    difference: float
    interval: list[float]
    p: float
    wins: int
    equal: int
    losses: int


class PairTest(Difference):
    """The test of two results, by their numbers in the list."""

    direction: Direction
    a: int
    b: int
    metric: str


class ControlledTest(PairTest):
    """A test with the false discovery rate at which it is still significant."""

    q: float


class ChangedQuery(TypedDict):
    """A query and its rank under each result."""

    query: str
    ranks: list[float]
    caption: NotRequired[str]


class TestsAbout(TypedDict):
    """How the tests were made; ``n`` is the number of draws."""

    test: str
    interval: str
    correction: str
    n: int
    seed: int


class Comparison(TypedDict):
    """Every two results, tested metric by metric in both directions."""

    results: list[ResultAbout]
    queries: dict[Direction, int]
    left_out: dict[Direction, list[int]]
    notes: list[str]
    tests: list[ControlledTest]
    changed: dict[Direction, list[ChangedQuery]]
    about: TestsAbout
