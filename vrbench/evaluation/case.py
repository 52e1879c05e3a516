"""One job of an evaluation: its similarities, bank and normalized similarities, when first read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.errors import InputError
from vrbench.evaluation.plan import Job
from vrbench.evaluation.scored import Scored
from vrbench.evaluation.settings import Compute, Settings
from vrbench.evaluation.sources.base import Source
from vrbench.features import Features
from vrbench.features.overlap import Overlap
from vrbench.metrics.ranking import count_ranks
from vrbench.normalizations import normalizations
from vrbench.normalizations.apply import Normalized, apply
from vrbench.normalizations.bank import BankSim
from vrbench.normalizations.base import Normalization
from vrbench.results import labels
from vrbench.results.about import head_about
from vrbench.runtime.progress import Progress
from vrbench.sims.sim import Direction, Sim
from vrbench.sims.truth import Queries, queries_of, v2t_queries

STAGES = ("raw", "normalized")


@dataclass(eq=False)
class Case:
    """One method, norm and bank over one source.

    Attributes:
        source: texts, videos and bank.
        job: method, norm and bank.
        settings: tie rule, protocol and seed.
        compute: how to compute.
        progress: is told how far scoring and normalizing are.
        scored: the similarities; they may be another case's.
    """

    source: Source
    job: Job
    settings: Settings
    compute: Compute
    progress: Progress | None = None
    scored: Scored = field(init=False)

    def __post_init__(self) -> None:
        self.scored = Scored(self.source, self.method, self.bank_kind)

    def share(self, scored: Scored) -> None:
        """Use the similarities of another case of the source where they are the same."""
        if scored.serves(self.method, self.bank_kind):
            self.scored = scored

    @property
    def method(self) -> Method | None:
        """The alignment; None where similarities are given."""
        return self.job.method

    @property
    def norm(self) -> Normalization:
        """The normalization."""
        return self.job.norm

    @property
    def bank_kind(self) -> str:
        """Kind of its bank."""
        return self.job.bank

    @property
    def sim(self) -> Sim:
        """The raw similarities, alignment levels apart."""
        return self.scored.sim(self._report("test set"))

    @property
    def bank(self) -> BankSim:
        """The bank of the norm.

        Raises:
            InputError: a bank that is said to be of training queries is the test set.
        """
        self.sim  # noqa: B018  the test set comes first
        return self.scored.bank(self.bank_kind, self._report("bank"))[0]

    @property
    def overlap(self) -> Overlap | None:
        """Which test queries the bank holds."""
        self.bank  # noqa: B018
        return self.scored.bank(self.bank_kind, None)[1]

    @property
    def bank_name(self) -> str:
        """The kind of the bank, ``transductive`` where it is the test set."""
        seen = self.bank_kind == "test" or (self.overlap is not None and self.overlap.whole)
        return self.bank_kind + (" (transductive)" if seen else "")

    @cached_property
    def normalizing(self) -> Normalized:
        """The similarities after the norm, and the numbers that it reports."""
        report = self.progress and self._report_way
        self.bank  # noqa: B018  it may be refused
        bank = self.scored.whole_bank(self.norm, self.bank_kind, self._report("bank"))
        return apply(self.norm, self.sim, bank, self.source.truth, report)

    @property
    def normalized(self) -> Sim:
        """The similarities after the norm."""
        return self.normalizing.sim

    def stages(self) -> dict[str, Sim]:
        """Return the similarities before and after the norm."""
        return dict(zip(STAGES, (self.sim.flat(), self.normalized), strict=True))

    def queries(self, sim: Sim, direction: Direction) -> Queries:
        """Return a direction's queries over the items themselves."""
        return queries_of(getattr(sim, direction), self.source.truth, direction)

    def ranks(self, sim: Sim, direction: Direction) -> NDArray[np.float64]:
        """(n,) ranks of the queries with a positive, under the settings' tie rule and protocol."""
        matrix, truth = getattr(sim, direction), self.source.truth
        queries = (
            queries_of(matrix, truth, "t2v")
            if direction == "t2v"
            else v2t_queries(matrix, truth, self.settings.v2t)
        )
        ranks = count_ranks(queries).ranks(self.settings.ties)
        return ranks[~np.isnan(ranks)]

    def recall(self, sim: Sim, direction: Direction) -> float:
        """R@1 in percent."""
        ranks = self.ranks(sim, direction)
        return 100 * int((ranks <= 1).sum()) / len(ranks)

    def gallery(self, direction: Direction) -> NDArray[Any]:
        """(gallery,) ids of the items that a direction ranks."""
        return self.source.video_ids if direction == "t2v" else self.source.text_ids

    def data(self) -> str:
        """Return the data, for captions: dataset and size."""
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
        """Return its label in results: alignment, head, and the sequence alignment over it."""
        sequence = self.source.sequence
        return labels.method(
            {
                "method": self.method.spec if self.method else None,
                "given_norm": "none" if self.norm.needs_bank else self.source.given_norm,
                "head": head_about(self.source.head),
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

    def features(self, figure: str, needs: str) -> Features:
        """Return the feature file, to a figure that looks into it.

        Raises:
            InputError: there is none, or a sequence alignment is asked for.
        """
        found = self.items(figure).features
        if found is None:
            raise InputError(f"{figure} needs {needs}.")
        return found

    def _report(self, what: str) -> Callable[[int, int], None] | None:
        progress = self.progress
        if progress is None:
            return None
        return lambda done, total: progress(f"{self.job.label} ({what})", done, total)

    def _report_way(self, way: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(f"{self.job.label} (norm, {way})", done, total)
