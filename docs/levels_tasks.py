"""The papers' other tasks behind the heads of the page on levels, as far as there are data."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from docs.trainings import Trained
from vrbench.features import open_features
from vrbench.features.tokens import FRAME_LEVEL
from vrbench.heads.applied import apply_head
from vrbench.importing.to_features import import_arrays
from vrbench.runtime.files import replacing
from vrbench.runtime.seeds import seeded
from vrbench.tasks.base import Task
from vrbench.tasks.record import TaskData, TaskJob, measured

ANSWERS = 5
"""Of each question, as in MSR-VTT's multiple choice."""


def reported(task: Task, features: Path, trained: Trained, folder: Path) -> dict[str, Any]:
    """Return the report of a task behind a head; its result is kept in the folder."""
    head = trained.head()
    with open_features(features) as opened:
        report = partial(task.report, apply_head(opened, head))
        result = measured(TaskJob.of(task, TaskData.of(opened, head), report), folder)
    task_of = result.values["task"]
    assert task_of is not None
    return dict(task_of["report"])


def questions(test: Path, out: Path) -> Path:
    """Write a question for each test video: its caption among others that are drawn once."""
    if out.is_file():
        return out
    with open_features(test) as opened:
        text, video = opened.text, opened.video.at_level(FRAME_LEVEL)
        n, rng = len(video), seeded(0)
        own = np.argsort(opened.text_video)  # each video has one caption
        right = rng.integers(0, ANSWERS, n)
        rows = np.array([_asked(own, video, int(right[video]), rng) for video in range(n)])
        chosen = text.take(rows.ravel())
        arrays: dict[str, Any] = {
            "video_ids": np.array([str(name) for name in video.ids]),
            "video_tokens": np.asarray(video.tokens[:]),
            "video_offsets": video.offsets,
            "video_global": np.asarray(video.global_vectors[:]),
            "video_label": right.astype(str),
            "text_ids": np.array([f"{name}#{k}" for name in video.ids for k in range(ANSWERS)]),
            "text_tokens": np.asarray(chosen.tokens[:]),
            "text_offsets": chosen.offsets,
            "text_global": np.asarray(chosen.global_vectors[:]),
            "text_video": np.repeat(np.arange(n), ANSWERS),
        }
        encoder = str(opened.attrs["encoder"])
    source = out.with_suffix(".npz")
    with replacing(source) as part, part.open("wb") as stream:
        np.savez(stream, **arrays)
    name = "msrvtt-476-answers"
    return import_arrays(source, out, dataset=name, split="test", encoder=encoder)


def _asked(own: Any, video: int, right: int, rng: np.random.Generator) -> list[int]:
    """Return the rows of the captions that are a video's answers."""
    others = np.delete(np.arange(len(own)), video)
    answers = list(own[rng.choice(others, ANSWERS - 1, replace=False)])
    answers.insert(right, own[video])
    return [int(row) for row in answers]
