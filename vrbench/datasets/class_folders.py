"""Action recognition data: a folder of videos for each class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.runtime.files import listed
from vrbench.runtime.numeric_order import NUMERIC, is_renumbered, numeric_order
from vrbench.video import VIDEO_FILES


@datasets.register("class-folders")
@dataclass(frozen=True)
class ClassFolders(Dataset):
    """Videos in a folder for each class: files, or folders of frames.

    The folder of annotations is the folder of videos, ``<class>/<video>``. The id is class and name
    without extension, ``brush_hair/a``; the label is the place of the class in numeric order of
    names. Every video has one text, the name of its class in words ("brush hair", "apply eye
    makeup"): the videos of a class share it, so this is for classification by labels, not for
    retrieval.

    Source: none, a common layout.
    """

    source = "a common layout"
    splits: ClassVar = {"all": Split(about="every video")}

    def content(self, folder: Folder, split: str) -> Content:
        """List the folders and what lies in them."""
        classes = [path for path in numeric_order(listed(folder.path)) if path.is_dir()]
        names = dict(enumerate(path.name for path in classes))
        return Content(_videos(classes), names, tuple(_remarks(classes)))


def _videos(classes: Sequence[Path]) -> Iterator[Video]:
    for label, folder in enumerate(classes):
        text = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", folder.name).lower()
        for path in numeric_order(listed(folder)):
            if path.is_dir() or path.suffix.lower() in VIDEO_FILES:
                name = path.name if path.is_dir() else path.stem
                yield Video(f"{folder.name}/{name}", (text,), label=label)


def _remarks(classes: Sequence[Path]) -> Iterator[str]:
    if is_renumbered(classes):
        yield f"The class folders are {NUMERIC}."
    if found := [folder.name for folder in classes if is_renumbered(listed(folder))]:
        yield f"The videos of {len(found)} classes, '{found[0]}' the first, are {NUMERIC}."
