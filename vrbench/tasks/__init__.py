"""The papers' other tasks, as functions of vectors and labels."""

from vrbench.tasks.base import Task, tasks
from vrbench.tasks.classification import cluster, cluster_accuracy
from vrbench.tasks.cross_entropy import Classifier, cross_entropy_head
from vrbench.tasks.htm_align import HtmAlignResult, htm_align
from vrbench.tasks.multiple_choice import MultipleChoice, multiple_choice
from vrbench.tasks.ordering import ordering
from vrbench.tasks.segmentation import frame_accuracy, label_frames, linear_head

__all__ = [
    "Classifier",
    "HtmAlignResult",
    "MultipleChoice",
    "Task",
    "cluster",
    "cluster_accuracy",
    "cross_entropy_head",
    "frame_accuracy",
    "htm_align",
    "label_frames",
    "linear_head",
    "multiple_choice",
    "ordering",
    "tasks",
]
