"""Losses of the papers, and the targets that they need."""

from vrbench.losses.base import Loss, LossSum, losses, parse_loss
from vrbench.losses.dsl import dsl
from vrbench.losses.faulty_negatives import faulty_negatives
from vrbench.losses.infonce import infonce
from vrbench.losses.momentum import momentum
from vrbench.losses.ncl import ncl
from vrbench.losses.triplet import triplet

__all__ = [
    "Loss",
    "LossSum",
    "dsl",
    "faulty_negatives",
    "infonce",
    "losses",
    "momentum",
    "ncl",
    "parse_loss",
    "triplet",
]
