"""The types of what is measured: numbers by name, in both directions."""

from __future__ import annotations

from typing import Annotated, TypedDict

Metrics = Annotated[dict[str, float], "metrics"]
"""By name, as the table of metrics has them: R@K in percent, ``tied`` from 0 to 1."""

Diagnostics = Annotated[dict[str, float | None], "diagnostics"]
"""By name; shares from 0 to 1."""


class MetricsByDirection(TypedDict):
    """Metrics of both directions."""

    t2v: Metrics
    v2t: Metrics


class DiagnosticsByDirection(TypedDict):
    """Diagnostics of both directions."""

    t2v: Diagnostics
    v2t: Diagnostics


class Numbers(TypedDict):
    """Metrics and diagnostics; results hold them, and what they were before a norm."""

    metrics: MetricsByDirection
    diagnostics: DiagnosticsByDirection
