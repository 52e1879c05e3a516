"""Losses of the papers, and the targets that they need."""

from vrbench.losses.base import Loss, LossSum, losses, parse_loss
from vrbench.losses.clip_caption import clip_caption
from vrbench.losses.dsl import dsl
from vrbench.losses.faulty_negatives import faulty_negatives
from vrbench.losses.infonce import infonce
from vrbench.losses.momentum import momentum
from vrbench.losses.multi_sk import MultiSK, multi_sk
from vrbench.losses.ncl import ncl
from vrbench.losses.sspc import sspc
from vrbench.losses.triplet import triplet
from vrbench.losses.video_paragraph import video_paragraph

__all__ = [
    "Loss",
    "LossSum",
    "MultiSK",
    "clip_caption",
    "dsl",
    "faulty_negatives",
    "infonce",
    "losses",
    "momentum",
    "multi_sk",
    "ncl",
    "parse_loss",
    "sspc",
    "triplet",
    "video_paragraph",
]
