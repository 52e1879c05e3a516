"""MSR-VTT multiple choice: five sentences a video, of which one is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.errors import InputError

FILE = "MSR_MC_test.csv"
ANSWERS = ("a1", "a2", "a3", "a4", "a5")


@datasets.register("msrvtt-mc")
@dataclass(frozen=True)
class MsrVttMultipleChoice(Dataset):
    """MSR-VTT multiple choice: a video's texts are its answers, its label the right one, from 0.

    ``MSR_MC_test.csv``, separated by tabs: ``vid_key`` (``msr7010`` is ``video7010``), ``a1`` to
    ``a5`` and ``answer``. The task is ``vrbench task qa``.

    Source: Yu et al. (JSFusion), ECCV 2018.
    """

    source = "Yu et al., JSFusion, ECCV 2018"
    splits: ClassVar = {"test": Split((FILE,), 2990, 14_950, about="JSFusion")}

    def content(self, folder: Folder, split: str) -> Content:
        """Read the file."""
        return Content(_videos(folder), {n: str(n) for n in range(len(ANSWERS))})


def _videos(folder: Folder) -> Iterator[Video]:
    for where, row in folder.rows(FILE, ("vid_key", *ANSWERS, "answer")):
        right = row["answer"].strip()
        if right not in map(str, range(len(ANSWERS))):
            raise InputError(f"{where}: answer is '{right}', expected 0 to {len(ANSWERS) - 1}.")
        name = row["vid_key"].strip().replace("msr", "video")
        yield Video(name, tuple(row[answer] for answer in ANSWERS), label=int(right))
