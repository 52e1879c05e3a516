"""The papers' other tasks behind the heads of the page on levels, as far as there are data."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from docs.trained import Trained
from vrbench.features import open_features
from vrbench.heads.applied import apply_head
from vrbench.tasks.base import Task
from vrbench.tasks.record import TaskData, TaskJob, measured


def reported(task: Task, features: Path, trained: Trained, folder: Path) -> dict[str, Any]:
    """Return the report of a task behind a head; its result is kept in the folder."""
    head = trained.head()
    with open_features(features) as opened:
        report = partial(task.report, apply_head(opened, head))
        result = measured(TaskJob.of(task, TaskData.of(opened, head), report), folder)
    task_of = result.values["task"]
    assert task_of is not None
    return dict(task_of["report"])
