"""Rules on several matrices of the same pairs: ensembles of frames, clips or views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule, reported
from vrbench.errors import InputError
from vrbench.sims.sim import Direction, Sim, as_matrix

Joined = Callable[[NDArray[Any]], NDArray[Any]]


def _joined(audited: Audited, direction: Direction, join: Joined) -> Reported | None:
    """Report on the matrices of a direction, joined into one; None where there is one only."""
    if audited.several is None:
        return None
    matrix = join(as_matrix(getattr(audited.several, direction)))
    sim = Sim(matrix, None) if direction == "t2v" else Sim(None, matrix)
    one = replace(audited, sim=sim, several=None, _counted={})
    return reported(one.ranks(direction), audited.ks)


@rules.register("frames-max")
@dataclass(frozen=True)
class MaxOfFrames(Rule):
    """Several matrices, such as one for each frame or clip of a video: their maximum.

    vrbench takes their mean, as does ``eval_frame_ensemble=mean``.
    """

    changes = "frames"
    source = "Singularity, UMT (eval_frame_ensemble=max)"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the ranks after the maximum."""
        return _joined(audited, direction, lambda levels: levels.max(axis=0))


@rules.register("frames-lse")
@dataclass(frozen=True)
class LogSumExpOfFrames(Rule):
    """Several matrices, such as one for each frame or clip of a video: their logsumexp.

    ``out = log(sum_f exp(scale * s_f)) / scale``: between the maximum (large scales) and the mean.

    Attributes:
        scale: multiplies the similarities, > 0; the code has logits and 1.

    Raises:
        InputError: ``scale`` is not positive.
    """

    scale: float = 1.0
    changes = "frames"
    source = "Singularity, UMT (eval_frame_ensemble=lse)"

    def __post_init__(self) -> None:
        if not 0 < self.scale < np.inf:
            raise InputError(f"scale must be positive, it is {self.scale}.")

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the ranks after it."""
        return _joined(audited, direction, self._lse)

    def _lse(self, levels: NDArray[Any]) -> NDArray[np.float64]:
        scaled = self.scale * levels.astype(np.float64)
        top = scaled.max(axis=0)
        return np.asarray((top + np.log(np.exp(scaled - top).sum(axis=0))) / self.scale)


@rules.register("frames-first")
@dataclass(frozen=True)
class FirstOfFrames(Rule):
    """Several matrices, such as one for each frame or clip of a video: the first alone."""

    changes = "frames"

    def report(self, audited: Audited, direction: Direction) -> Reported | None:
        """Report the ranks of the first matrix."""
        return _joined(audited, direction, lambda levels: levels[0])
