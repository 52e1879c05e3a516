"""A task's report as a result: with data, provenance and identity, as eval writes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from vrbench import results
from vrbench._version import VERSION
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.features.sides import check_finished
from vrbench.heads.head import Head
from vrbench.registry import OriginDict, origins
from vrbench.results.about import about, head_about
from vrbench.results.provenance import provenance
from vrbench.results.result import SCHEMA, Result, nothing_ranked
from vrbench.results.schema import DataAbout, FeaturesAbout, ResultDict
from vrbench.runtime.files import filling
from vrbench.runtime.opened import sha256_of
from vrbench.tasks.base import Task, TaskReport, tasks


@dataclass(frozen=True)
class TaskData:
    """What a task is measured on.

    Attributes:
        about: data set, split, encoder and file.
        n_text: texts.
        n_video: videos.
        head: what all items went through.
        others: sha256 of further files, by what they are, such as training videos.
    """

    about: DataAbout
    n_text: int
    n_video: int
    head: Head | None = None
    others: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls, features: Features, head: Head | None = None, train: Features | None = None
    ) -> TaskData:
        """Return that of a feature file.

        Raises:
            InputError: an extraction is unfinished.
        """
        for one in (features, train):
            if one is not None:
                check_finished(one.attrs, one.path)
        others = () if train is None else (("train", train.sha256()),)
        return cls(about(features), len(features.text), len(features.video), head, others)

    @classmethod
    def of_file(cls, path: Path, n_video: int, n_text: int) -> TaskData:
        """Return that of arrays or a JSON file, or of a folder of arrays."""
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        digests = [sha256_of(file) for file in files if file.is_file()]
        sha = digests[0] if len(digests) == 1 else results.identity({"files": digests})
        features: FeaturesAbout = {"file": path.name, "sha256": sha}
        found: DataAbout = {
            "dataset": path.stem,
            "split": None,
            "encoder": None,
            "features": features,
        }
        return cls(found, n_text, n_video)


@dataclass(frozen=True)
class TaskJob:
    """One task to measure.

    Attributes:
        spec: of the task.
        data: what it is measured on.
        run: makes the report.
        method: spec of the alignment, where one takes part.
        sequence: how captions are ordered, where they are.
        seed: of what is drawn.
        origins: of what comes from outside.
    """

    spec: str
    data: TaskData
    run: Callable[[], TaskReport]
    method: str | None = None
    sequence: str | None = None
    seed: int = 0
    origins: tuple[OriginDict, ...] = ()

    @classmethod
    def of(cls, task: Task, data: TaskData, run: Callable[[], TaskReport]) -> TaskJob:
        """Return the job of a registered task."""
        return cls(tasks.spec(task), data, run, origins=tuple(origins(task)))

    @property
    def name(self) -> str:
        """The stem of its file, which ends in a hash of all that decides it."""
        said = self.data.about
        key = results.identity(
            {
                "task": self.spec,
                "features": said["features"]["sha256"],
                "others": self.data.others,
                "head": self.data.head.sha256 if self.data.head else None,
                "method": self.method,
                "sequence": self.sequence,
                "seed": self.seed,
                "vrbench": VERSION,
                "plugins": self.origins,
            }
        )
        words = "_".join(filter(None, (self.spec, self.method, self.sequence)))
        return results.stem(said["dataset"], words, "none", key)


def measured(job: TaskJob, folder: Path | None = None, overwrite: bool = False) -> Result:
    """Measure a task, unless its result is in the folder already, and write it there.

    Args:
        job: the task.
        folder: of results; None: nothing is written.
        overwrite: measure again what exists.

    Raises:
        InputError: the data lack what the task needs, or the folder cannot be written.
    """
    with filling(folder):
        if folder is not None and not overwrite:
            found = _existing(folder / f"{job.name}.json")
            if found is not None:
                return found
        start = time.perf_counter()
        report = job.run()
        result = Result(_values(job, report, time.perf_counter() - start))
        return result if folder is None else results.save(result, folder, job.name)


def _existing(path: Path) -> Result | None:
    """Return a result that is there; None for a damaged one, which is made again."""
    if not path.is_file():
        return None
    try:
        found = results.load(path)
    except InputError:
        return None
    return found if found.values.get("task") else None


def _values(job: TaskJob, report: TaskReport, seconds: float) -> ResultDict:
    data = job.data
    made = provenance(job.seed, "double", "cpu", "vrbench.tasks")
    if job.origins:
        made["plugins"] = list(job.origins)
    values = {
        "schema": SCHEMA,
        "head": head_about(data.head),
        **data.about,
        "method": job.method,
        "norm": "none",
        "sequence": job.sequence,
        "bank": {"kind": "none", "n_text": 0, "n_video": 0},
        "n_text": data.n_text,
        "n_video": data.n_video,
        "limit": None,
        "protocol": {"ties": "first", "v2t": "none"},
        "provenance": made,
        "ranks": None,
        "task": {"spec": job.spec, "report": report},
        **nothing_ranked(),
        "seconds": {"measure": round(seconds, 4)},
    }
    return cast(ResultDict, values)
