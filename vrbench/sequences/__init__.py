"""Sequence alignments: one similarity of a paragraph's captions and a long video's clips."""

from vrbench.sequences.base import SequenceAlignment, sequences
from vrbench.sequences.drop_dtw import drop_dtw
from vrbench.sequences.engine.scoring import SequenceScores, path, score, score_matrix
from vrbench.sequences.plan import transport_plan

__all__ = [
    "SequenceAlignment",
    "SequenceScores",
    "drop_dtw",
    "path",
    "score",
    "score_matrix",
    "sequences",
    "transport_plan",
]
