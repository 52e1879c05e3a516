"""What a figure is made of, and what it is made from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.errors import InputError
from vrbench.evaluation.overlap import bank_overlap
from vrbench.evaluation.plan import Settings
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.features import FeatureSource
from vrbench.features.overlap import Overlap
from vrbench.metrics.ranking import count_ranks
from vrbench.normalizations import normalizations
from vrbench.normalizations.apply import apply
from vrbench.normalizations.bank import BankSim
from vrbench.normalizations.base import Normalization
from vrbench.results import labels
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.sims.sim import DIRECTIONS, Direction, Sim
from vrbench.sims.truth import Queries, queries, v2t_queries

if TYPE_CHECKING:
    import pandas as pd

STAGES = ("raw", "normalized")
LINES = {"raw": "-", "normalized": "--"}
HATCHES = {"raw": "", "normalized": "//"}
"""How the stages differ without colour."""


@dataclass
class Case:
    """One method, norm and bank over one source: what a figure looks at.

    Attributes:
        source: texts, videos and bank.
        method: the alignment; None where similarities are given.
        norm: the normalization.
        bank_kind: kind of its bank.
        settings: tie rule, protocol and seed.
        progress: called with (what, done, total).
    """

    source: Source
    method: Method | None
    norm: Normalization
    bank_kind: str
    settings: Settings = field(default_factory=Settings)
    progress: Callable[[str, int, int], None] | None = None

    @cached_property
    def sim(self) -> Sim:
        """The raw similarities, alignment levels apart."""
        return self.source.sim(self.method, self.bank_kind, self._report("test set"))

    @cached_property
    def bank(self) -> BankSim:
        """What the norm sees."""
        return self.source.bank(self.method, self.bank_kind, self._report("bank"))

    @cached_property
    def overlap(self) -> Overlap | None:
        """Which test queries the bank holds.

        Raises:
            InputError: a bank that is said to be of training queries is the test set.
        """
        return bank_overlap(self.source, self.sim, self.bank)

    @property
    def bank_name(self) -> str:
        """The kind of the bank, ``transductive`` where it is the test set."""
        seen = self.bank_kind == "test" or (self.overlap is not None and self.overlap.whole)
        return self.bank_kind + (" (transductive)" if seen else "")

    @cached_property
    def normalized(self) -> Sim:
        """The similarities after the norm."""
        return apply(self.norm, self.sim, self.bank, self.source.truth).sim

    def stages(self) -> dict[str, Sim]:
        """Return the similarities before and after the norm."""
        return dict(zip(STAGES, (self.sim.flat(), self.normalized), strict=True))

    def asking(self, sim: Sim, direction: Direction) -> Queries:
        """Return a direction's queries over the items themselves."""
        return queries(getattr(sim, direction), self.source.truth, direction)

    def ranks(self, sim: Sim, direction: Direction) -> NDArray[np.float64]:
        """(asked,) ranks of the queries that ask, under the settings' tie rule and protocol."""
        matrix, truth = getattr(sim, direction), self.source.truth
        asking = (
            queries(matrix, truth, "t2v")
            if direction == "t2v"
            else v2t_queries(matrix, truth, self.settings.v2t)
        )
        ranks = count_ranks(asking).ranks(self.settings.ties)
        return ranks[~np.isnan(ranks)]

    def recall(self, sim: Sim, direction: Direction) -> float:
        """R@1 in percent."""
        ranks = self.ranks(sim, direction)
        return 100 * int((ranks <= 1).sum()) / len(ranks)

    def gallery(self, direction: Direction) -> NDArray[Any]:
        """(gallery,) ids of the items that a direction ranks."""
        return self.source.video_ids if direction == "t2v" else self.source.text_ids

    def data(self) -> str:
        """Return what is looked at: data set and size."""
        truth = self.source.truth
        return f"{self.source.about['dataset']}, {truth.n_text} texts x {truth.n_video} videos"

    def title(self, bank: str | None = None) -> str:
        """Return what was looked at, for captions; ``bank`` where a figure has its own kind."""
        if bank is None:
            bank = self.bank_name
        else:
            bank += " (transductive)" if bank == "test" else ""
        return f"{self.data()}, {self.scored_by()}, {normalizations.spec(self.norm)}, bank {bank}"

    def scored_by(self) -> str:
        """Return what results call it: the alignment, and the sequence alignment over it."""
        sequence = self.source.sequence
        return labels.method(
            {
                "method": self.method.spec if self.method else None,
                "given_norm": "none" if self.norm.needs_bank else self.source.given_norm,
                "sequence": sequence,
                # only scores know whose similarities a bucket was taken of
                "sequence_info": self.sim.info if sequence else {},
            }
        )

    def items(self, figure: str) -> Source:
        """Return the source, to a figure that reads single texts and videos, or cosines.

        Raises:
            InputError: a sequence alignment has made scores of another scale of them.
        """
        if self.source.sequence is not None:
            raise InputError(
                f"{figure} reads captions and clips, or their cosines, not scores of sequences: "
                "leave --sequence out."
            )
        return self.source

    def features(self, figure: str, needs: str) -> FeatureSource:
        """Return the feature file, to a figure that looks into it.

        Raises:
            InputError: there is none, or a sequence alignment is asked for.
        """
        source = self.items(figure)
        if not isinstance(source, FeatureSource):
            raise InputError(f"{figure} needs {needs}.")
        return source

    def _report(self, what: str) -> Callable[[int, int], None] | None:
        progress = self.progress
        return None if progress is None else lambda done, total: progress(what, done, total)


class Figure(ABC):
    """A frozen dataclass whose fields are the figure's parameters."""

    source: ClassVar[str] = ""
    """Paper and figure that it follows, for listings."""

    needs: ClassVar[str] = ""
    """What similarities alone do not give it."""

    panels: ClassVar[tuple[int, int]] = (1, 2)
    """Rows and columns of axes that ``draw`` gets."""

    normalized: ClassVar[bool] = True
    """Whether a norm takes part; where none does, none is asked for a bank."""

    own_bank: ClassVar[str | None] = None
    """Kind of bank that the figure is about, whatever was asked for."""

    def caption(self, case: Case) -> str:
        """Return what the picture is of, for its head."""
        return case.title(self.own_bank)

    @abstractmethod
    def data(self, case: Case) -> pd.DataFrame:
        """Return the numbers, one row a mark."""

    @abstractmethod
    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the numbers on matplotlib axes: an array of ``panels``, 1-d where it is one row."""


def each_direction(data: pd.DataFrame, axes: Any) -> list[tuple[Direction, pd.DataFrame, Any]]:
    """Pair the rows of each direction with its axes, titled."""
    parts = []
    for direction, panel in zip(DIRECTIONS, axes, strict=True):
        panel.set_title(DIRECTION_NAMES[direction])
        parts.append((direction, data[data["direction"] == direction], panel))
    return parts
