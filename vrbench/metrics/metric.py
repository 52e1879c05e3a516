"""A metric: how it is measured, and how its number is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.values import Bounds, Numbers
from vrbench.sims.sim import Direction

if TYPE_CHECKING:
    from vrbench.metrics.diagnostics import Occurrences, ProbabilitySums, Representation
    from vrbench.metrics.places import Places
    from vrbench.metrics.ranking import Counts

Part = Literal["metrics", "diagnostics"]
PARTS: tuple[Part, ...] = get_args(Part)
Unit = Literal["percent", "share", "rank", "1"]
BOUNDS: dict[Unit, Bounds] = {
    "percent": Bounds(0, 100),
    "share": Bounds(0, 1),
    "rank": Bounds(1),
    "1": Bounds(),
}
"""What a number of each unit can be."""


@dataclass(frozen=True, eq=False)
class Read:
    """What was read of one direction: metrics that are not summaries of ranks are taken from it.

    Attributes:
        counts: the negatives above and level with each query's best positive.
        votes: how often each item is retrieved first.
        sums: retrieval probabilities; None where they are unknown.
        near: how many queries have each item among their nearest; None where that is unknown.
        places: where all positives stand; None where only the best one's place is known.
        ties: the tie rule.
        before: as ``votes``, before a norm; None: there was none.
        solved: share of the pairs that are known; the others lie below all of these, and no rank
            and no first place depends on them. None: all are known.
    """

    counts: Counts
    votes: Representation
    sums: ProbabilitySums | None
    near: Occurrences | None
    places: Places | None
    ties: str
    before: Representation | None = None
    solved: float | None = None


@dataclass(frozen=True)
class Metric:
    """A number of each direction of a result.

    Attributes:
        name: its key in results; a name that ends in ``@K`` stands for one metric of each K.
        summary: what it is, for lists.
        of_ranks: (..., n) ranks, and K where there is one -> (...), along the last axis.
        of: what was read -> number or None, for a metric that is not a summary of ranks.
        each: what was read, and K where there is one -> (n,) the number of each query, NaN where a
            row asks nothing, or None; the metric is the mean over the queries.
        part: the part of a result that holds it.
        unit: of the number in results; shares are from 0 to 1 there and in percent where printed.
        within: what the number can be; None: what one of its unit can be.
        decimals: printed decimals.
        more_is_better: None: neither more nor less is better.
        hits: whether it is the share of queries that hit; the exact test applies to it.
        brief: its column heading in tables of results; None: its name; empty: no column.
        published: its name in papers' tables; empty: ``name``.
        listed: whether tables of results have it.
        legend: what its heading means, printed under the table.
        always: whether each result file has it; other metrics may be missing in older files.
        null: whether an ``always`` metric may be null.
        like: a metric that it equals where each query has one positive; tables leave it out where
            it does.
        compares: whether it is only there beside what was measured before a norm.
        k: its K, else 0.
    """

    name: str
    summary: str
    of_ranks: Callable[..., Any] | None = None
    of: Callable[[Read], float | None] | None = None
    each: Callable[..., NDArray[np.float64] | None] | None = None
    part: Part = "metrics"
    unit: Unit = "percent"
    within: Bounds | None = None
    decimals: int = 1
    more_is_better: bool | None = None
    hits: bool = False
    brief: str | None = None
    published: str = ""
    listed: bool = True
    legend: str = ""
    always: bool = False
    null: bool = False
    like: str = ""
    compares: bool = False
    k: int = 0

    @property
    def bounds(self) -> Bounds:
        """What its number can be."""
        return BOUNDS[self.unit] if self.within is None else self.within

    @property
    def each_k(self) -> bool:
        """Whether it stands for one metric of each K."""
        return self.name.endswith("@K")

    def at(self, k: int) -> Metric:
        """Return the metric of this K."""
        of = None if self.of_ranks is None else partial(self.of_ranks, k=k)
        each = None if self.each is None else partial(self.each, k=k)
        return replace(self, name=f"{self.name[:-1]}{k}", of_ranks=of, each=each, k=k)

    @property
    def family(self) -> str:
        """Return the name that it has in the table, ``R@K`` for R@10."""
        return f"{self.name.removesuffix(str(self.k))}K" if self.k else self.name

    @property
    def heading(self) -> str:
        """Return its heading beside others of a result; empty: it is not shown there."""
        return self.name if self.brief is None else self.brief

    @property
    def in_percent(self) -> bool:
        """Whether it is printed in percent."""
        return self.unit in ("percent", "share")

    def printed(self, value: float) -> float:
        """Return the number as it is printed: shares in percent."""
        return 100 * float(value) if self.unit == "share" else float(value)

    def text(self, value: float | None) -> str:
        """Write a number of a result; empty where there is none."""
        return "" if value is None else f"{self.printed(value):.{self.decimals}f}"

    def value(self, measured: Numbers, direction: Direction) -> float | None:
        """Return it of a result or of its raw part; None where it is not there."""
        return measured[self.part][direction].get(self.name)

    def over(self, ranks: NDArray[Any]) -> Any:
        """(..., n) ranks, none of them NaN -> (...) of a metric of ranks."""
        if self.of_ranks is None:
            raise TypeError(f"{self.name} is not of ranks")
        return self.of_ranks(ranks)

    def repeats(self, sets: Iterable[Mapping[str, float | None]]) -> bool:
        """Whether it is everywhere what the metric that it is like is, but for rounding."""
        pairs = [(some[self.name], some.get(self.like)) for some in sets if self.name in some]
        same = all(a is not None and b is not None and abs(a - b) < 1e-9 for a, b in pairs)
        return bool(self.like) and same

    def better(self, one: float, other: float) -> bool:
        """Whether ``one`` is better than ``other``."""
        if self.more_is_better is None:
            return False
        return one > other if self.more_is_better else one < other
