"""What a metric is: how it is measured, and how its number is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from numpy.typing import NDArray

if TYPE_CHECKING:
    from vrbench.metrics.diagnostics import Occurrences, ProbabilitySums, Representation
    from vrbench.metrics.ranking import Counts

Part = Literal["metrics", "diagnostics"]
PARTS: tuple[Part, ...] = get_args(Part)
Unit = Literal["percent", "share", "rank", "1"]


@dataclass(frozen=True, eq=False)
class Read:
    """What one direction's similarities gave, from which metrics that are not of ranks are taken.

    Attributes:
        counts: what beats and what ties each query's right item.
        votes: how often each item is retrieved first.
        sums: retrieval probabilities; None where they are not to be had.
        near: in how many queries' nearest each item is; None where it is not to be had.
    """

    counts: Counts
    votes: Representation
    sums: ProbabilitySums | None
    near: Occurrences | None


@dataclass(frozen=True)
class Metric:
    """A number of each direction of a result.

    Attributes:
        name: its key in results; a name that ends in ``@K`` stands for one of each K.
        summary: what it is, for lists.
        of_ranks: (..., n) ranks, and K where there is one -> (...), along the last axis.
        of: what was read -> number or None, of a metric that is not of ranks.
        part: of the result that it is in.
        unit: of the number in results; shares are from 0 to 1 there and in percent where printed.
        decimals: that are printed.
        more_is_better: None: neither is.
        hits: whether it is the share of queries that hit, so that the exact test is for it.
        brief: its heading beside others of a result; None: its name, empty: it is not shown there.
        published: what papers' tables call it; empty: by its name.
        listed: whether tables of results have it.
        legend: what its heading means, for under the table.
        always: whether each result file has it; other metrics may be missing in older files.
        null: whether it may be null where it is always there.
        k: the K of one that has one, else 0.
    """

    name: str
    summary: str
    of_ranks: Callable[..., Any] | None = None
    of: Callable[[Read], float | None] | None = None
    part: Part = "metrics"
    unit: Unit = "percent"
    decimals: int = 1
    more_is_better: bool | None = None
    hits: bool = False
    brief: str | None = None
    published: str = ""
    listed: bool = True
    legend: str = ""
    always: bool = False
    null: bool = False
    k: int = 0

    @property
    def each_k(self) -> bool:
        """Whether it stands for one of each K."""
        return self.name.endswith("@K")

    def at(self, k: int) -> Metric:
        """Return the one of this K."""
        of = None if self.of_ranks is None else partial(self.of_ranks, k=k)
        return replace(self, name=f"{self.name[:-1]}{k}", of_ranks=of, k=k)

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
        """Return the number as a reader gets it: shares in percent."""
        return 100 * float(value) if self.unit == "share" else float(value)

    def text(self, value: float | None) -> str:
        """Write a number of a result; empty where there is none."""
        return "" if value is None else f"{self.printed(value):.{self.decimals}f}"

    def value(self, measured: Mapping[str, Any], direction: str) -> float | None:
        """Return it of a result or of its raw part; None where it is not there."""
        sides = measured.get(self.part) or {}
        found: float | None = (sides.get(direction) or {}).get(self.name)
        return found

    def over(self, ranks: NDArray[Any]) -> Any:
        """(..., n) ranks, none of them NaN -> (...) of a metric of ranks."""
        if self.of_ranks is None:
            raise TypeError(f"{self.name} is not of ranks")
        return self.of_ranks(ranks)

    def better(self, one: float, other: float) -> bool:
        """Whether ``one`` is better than ``other``."""
        if self.more_is_better is None:
            return False
        return one > other if self.more_is_better else one < other
