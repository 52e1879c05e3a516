"""Settings that decide a result besides data, method, norm and bank, and those of computing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vrbench import results
from vrbench.errors import InputError
from vrbench.metrics.ranking import Ties
from vrbench.metrics.table import MOST_K
from vrbench.results.schema import Limit
from vrbench.runtime.backend import Backend
from vrbench.runtime.seeds import check_seed
from vrbench.sims.truth import Protocol

Streams = Literal["video", "audio", "video+audio"]
"""What stands for a video: one of its streams, or both."""


@dataclass(frozen=True)
class Settings:
    """What decides a result besides data, method, norm and bank.

    Attributes:
        k: the K of R@K, in order.
        ties: tie rule.
        v2t: protocol of v2t where a video has several texts.
        precision: of products and similarities.
        limit: first videos only.
        limit_ids: these videos only.
        bank_limit: the last queries of a train bank only, of each side.
        seed: recorded; nothing here is random.
        side: what stands for a video: ``video``, ``audio`` or ``video+audio``.
        folds: parts of the test set, each with its own gallery, whose means are the result.
        interval: whether bootstrap intervals stand in the result; they decide nothing of it.
        label: a name for the results, which stands in tables and file names.

    Raises:
        InputError: a value is out of range.
    """

    k: tuple[int, ...] = (1, 5, 10)
    ties: str = "mean"
    v2t: str = "best-caption"
    precision: Literal["single", "double"] = "single"
    limit: int | None = None
    limit_ids: tuple[str, ...] | None = None
    seed: int = 0
    bank_limit: int | None = None
    side: str = "video"
    folds: int | None = None
    interval: bool = False
    label: str = ""

    def __post_init__(self) -> None:
        if not self.k or min(self.k) < 1 or max(self.k) > MOST_K:
            raise InputError(f"k must be whole numbers from 1 to {MOST_K}, it is {list(self.k)}.")
        for name, most in (("limit", self.limit), ("bank_limit", self.bank_limit)):
            if most is not None and most < 1:
                raise InputError(f"{name} must be at least 1, it is {most}.")
        if self.folds is not None and self.folds < 2:
            raise InputError(f"folds must be at least 2, it is {self.folds}.")
        if self.folds and self.interval:
            raise InputError("Folds have a spread of their own: leave --interval or --folds out.")
        check_seed(self.seed)
        for name, value, known in (
            ("ties", self.ties, get_args(Ties)),
            ("v2t", self.v2t, get_args(Protocol)),
            ("precision", self.precision, ("single", "double")),
            ("side", self.side, get_args(Streams)),
        ):
            if value not in known:
                raise InputError(f"Unknown {name} '{value}': use {', '.join(known)}.")

    @property
    def limited(self) -> Limit | None:
        """Return how the test set was cut, or None."""
        if self.limit is None and self.limit_ids is None:
            return None
        ids = (
            None if self.limit_ids is None else results.identity({"ids": sorted({*self.limit_ids})})
        )
        return {"first": self.limit, "ids": ids}


@dataclass(frozen=True)
class Compute:
    """How to compute; nothing here changes a result beyond rounding.

    Attributes:
        precision: ``single`` or ``double``.
        device: ``auto``, ``cpu`` or ``cuda``.
        workers: threads; None: one a core.
        memory: bytes that the process may hold; None: unbounded.
        matrix: whether similarities are kept where a norm does not need all of them.
        backend: where blocks are scored; None: here.
        blocks: folder in which blocks of a backend wait for the next run; None: they do not.
    """

    precision: Literal["single", "double"] = "single"
    device: str = "auto"
    workers: int | None = None
    memory: int | None = None
    matrix: bool = True
    backend: Backend | None = None
    blocks: Path | None = None
