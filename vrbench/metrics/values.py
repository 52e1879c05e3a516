"""The types of what is measured: numbers by name, in both directions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, TypedDict


@dataclass(frozen=True)
class Bounds:
    """The least and the most that a number can be; ``Annotated`` numbers of files have them."""

    least: float = -math.inf
    most: float = math.inf

    def __contains__(self, value: float) -> bool:
        """Whether a number lies between them, but for what rounding adds."""
        return self.least - _ROUNDED <= value <= self.most + _ROUNDED

    def __str__(self) -> str:
        least = "" if self.least == -math.inf else f" from {self.least:g}"
        return least if self.most == math.inf else f"{least} to {self.most:g}"


_ROUNDED = 1e-6

Metrics = Annotated[dict[str, float], "metrics"]
"""By name, as the table of metrics has them: R@K in percent, ``tied`` from 0 to 1."""

Diagnostics = Annotated[dict[str, float | None], "diagnostics"]
"""By name; shares from 0 to 1."""

Deviations = Annotated[dict[str, float], "deviations"]
"""Standard deviations of metrics, by name."""


class MetricsByDirection(TypedDict):
    """Metrics of both directions."""

    t2v: Metrics
    v2t: Metrics


class DeviationsByDirection(TypedDict):
    """Deviations of both directions."""

    t2v: Deviations
    v2t: Deviations


class DiagnosticsByDirection(TypedDict):
    """Diagnostics of both directions."""

    t2v: Diagnostics
    v2t: Diagnostics


class Numbers(TypedDict):
    """Metrics and diagnostics; results hold them, and what they were before a norm."""

    metrics: MetricsByDirection
    diagnostics: DiagnosticsByDirection
