"""Losses of the papers, and the targets that they need."""

from vrbench.losses.faulty_negatives import faulty_negatives

__all__ = ["faulty_negatives"]
