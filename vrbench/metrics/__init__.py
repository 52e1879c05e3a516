"""Ranks by counting, what is folded over them, and files of them for other tools."""

from vrbench.metrics.ranking import Counts, count_ranks, fold, ranks, summary

__all__ = ["Counts", "count_ranks", "fold", "ranks", "summary"]
