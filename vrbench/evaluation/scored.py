"""Similarities of one method, and the banks scored like them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from vrbench.alignments import Method
from vrbench.evaluation.overlap import bank_overlap
from vrbench.evaluation.sanity import Look, look
from vrbench.evaluation.sources.base import Source
from vrbench.features.overlap import Overlap
from vrbench.normalizations.bank import BankSim
from vrbench.normalizations.base import Normalization
from vrbench.sims.sim import Sim


@dataclass(eq=False)
class Scored:
    """The similarities of one method, and the banks scored like them: cases share it.

    Attributes:
        source: where they come from.
        method: the alignment; None where they are given.
        kind: a bank that they are scored for; others may give the same (``Source.same_sim``).
        seconds: that scoring took so far.
    """

    source: Source
    method: Method | None
    kind: str
    seconds: float = 0.0
    _sim: Sim | None = None
    _banks: dict[str, tuple[BankSim, Overlap | None]] = field(default_factory=dict)
    _further: dict[tuple[str, str], Sim | None] = field(default_factory=dict)

    def serves(self, method: Method | None, kind: str) -> bool:
        """Whether these are the similarities of this method with this bank, too."""
        source, kinds = self.source, (kind, self.kind)
        wholes = {source.keeps_matrix(one, method) for one in kinds}
        same = len({source.same_sim(one) for one in kinds}) == 1
        return method == self.method and same and len(wholes) == 1

    def sim(self, progress: Callable[[int, int], None] | None) -> Sim:
        """Return the raw similarities, alignment levels apart."""
        if self._sim is None:
            with self._timed():
                self._sim = self.source.sim(self.method, self.kind, progress)
        return self._sim

    @cached_property
    def seen(self) -> Look | None:
        """The findings of one read of them."""
        return look(self.sim(None))

    def bank(
        self, kind: str, progress: Callable[[int, int], None] | None
    ) -> tuple[BankSim, Overlap | None]:
        """Return the bank of a norm, and the test queries in it.

        Raises:
            InputError: a bank that is said to be of training queries is the test set.
        """
        if kind not in self._banks:
            with self._timed():
                bank = self.source.bank(self.method, kind, progress)
                self._banks[kind] = bank, bank_overlap(self.source, self.sim(None), bank)
        return self._banks[kind]

    def whole_bank(
        self, norm: Normalization, kind: str, progress: Callable[[int, int], None] | None
    ) -> BankSim:
        """Return the bank of a norm, with the further matrices that this norm reads."""
        bank = self.bank(kind, progress)[0]
        if norm.reads_inner:
            made = partial(self.source.inner, self.method, kind, progress)
            bank = replace(bank, inner=self._once(("inner", kind), made))
        if norm.reads_beyond:
            made = partial(self.source.beyond, self.method, kind, bank, progress)
            bank = replace(bank, beyond=self._once(("beyond", kind), made))
        return bank

    def _once(self, key: tuple[str, str], made: Callable[[], Sim | None]) -> Sim | None:
        if key not in self._further:
            with self._timed():
                self._further[key] = made()
        return self._further[key]

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start
