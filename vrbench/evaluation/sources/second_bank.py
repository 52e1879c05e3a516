"""Similarities to the bank's gallery, for norms that read a second bank."""

from __future__ import annotations

from abc import abstractmethod

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import PairProgress
from vrbench.evaluation.sources.bank_matrix import bank_matrix
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.scorer import Score
from vrbench.evaluation.sources.sizes import Sizes
from vrbench.features import Tokens
from vrbench.normalizations.bank import BankSim
from vrbench.sims.sim import Sim


class SecondBank(Source):
    """A source whose items are scored, those of the bank too."""

    _score: Score
    _sizes: Sizes

    @property
    @abstractmethod
    def _sides(self) -> tuple[Tokens, Tokens]:
        """The texts and videos of the test set."""

    @abstractmethod
    def _bank_sides(self, kind: str) -> tuple[Tokens | None, Tokens | None]:
        """The bank's texts and videos."""

    def inner(self, method: Method | None, kind: str, progress: PairProgress | None) -> Sim | None:
        """Score the bank's texts against its videos, each direction where they differ."""
        texts, videos = self._bank_sides(kind)
        if method is None or texts is None or videos is None:
            return None
        how = self._score, self._sizes, method
        t2v = bank_matrix(*how, texts, videos, "t2v", progress)
        if method.symmetric:
            return Sim(t2v, t2v)
        return Sim(t2v, bank_matrix(*how, videos, texts, "v2t", progress).T)

    def beyond(
        self, method: Method | None, kind: str, bank: BankSim, progress: PairProgress | None
    ) -> Sim | None:
        """Score the test queries against the bank's gallery, unless the bank holds them."""
        (text, video), (texts, videos) = self._sides, self._bank_sides(kind)
        known = self.symmetric(method) or method is None
        if known or texts is None or videos is None:
            return super().beyond(method, kind, bank, progress)
        how = self._score, self._sizes, method
        t2v = bank_matrix(*how, text, videos, "t2v", progress)
        return Sim(t2v, bank_matrix(*how, video, texts, "v2t", progress).T)
