"""Ranks by counting, what is folded over them, and the table of all metrics."""

from vrbench.metrics.metric import Metric
from vrbench.metrics.ranking import Counts, count_ranks, fold, ranks, summary

__all__ = ["Counts", "Metric", "count_ranks", "fold", "ranks", "summary"]


def __dir__() -> list[str]:
    return __all__
