"""Rules on the median rank; everything else stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule, reported
from vrbench.sims.sim import Direction


def _with(audited: Audited, direction: Direction, median: Any) -> Reported:
    ranks: NDArray[np.float64] = audited.ranks(direction)
    usual = reported(ranks, audited.ks)
    return replace(usual, metrics=usual.metrics | {"MdR": float(median(np.sort(ranks)))})


@rules.register("median-lower")
@dataclass(frozen=True)
class LowerMedian(Rule):
    """The lower of the middle pair, as torch.median gives it."""

    changes = "median"
    source = "CLIP4Clip, UCoFiA, TS2-Net with several captions a video, t2v (torch.median)"

    def report(self, audited: Audited, direction: Direction) -> Reported:
        """Report with the lower median."""
        return _with(audited, direction, lambda ranks: ranks[(len(ranks) - 1) // 2])


@rules.register("median-floor")
@dataclass(frozen=True)
class FlooredMedian(Rule):
    """The median place counted from 0, rounded down, plus 1: always a whole number."""

    changes = "median"
    source = "VSE++ (evaluation.py)"

    def report(self, audited: Audited, direction: Direction) -> Reported:
        """Report with the floored median."""
        return _with(audited, direction, lambda ranks: np.floor(np.median(ranks - 1)) + 1)


@rules.register("median-from-0")
@dataclass(frozen=True)
class MedianFromZero(Rule):
    """The median and mean of places counted from 0: the forgotten + 1."""

    changes = "median"

    def report(self, audited: Audited, direction: Direction) -> Reported:
        """Report median and mean rank less 1."""
        usual = _with(audited, direction, lambda ranks: np.median(ranks) - 1)
        return replace(usual, metrics=usual.metrics | {"MnR": usual.metrics["MnR"] - 1})
