"""Action recognition data: a folder of videos for each class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vrbench.datasets import datasets
from vrbench.datasets.annotations import Split, Video
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.video import VIDEO_FILES


@datasets.register("class-folders")
@dataclass(frozen=True)
class ClassFolders(Dataset):
    """Videos in a folder for each class, ``<class>/<video>``, as files or folders of frames.

    The folder of annotations is the folder of videos. The id is ``<class>/<name without
    extension>``, the label the place of the class in alphabetical order. Every video has one text,
    the name of its class in words ("brush hair", "apply eye makeup"), so all videos of a class share
    their text: meant for classification, where labels count; retrieval among them is all ties.
    """

    source = ""
    splits = {"all": Split()}  # noqa: RUF012

    def content(self, folder: Folder, split: str) -> Content:
        classes = sorted(path.name for path in folder.path.iterdir() if _is_folder(path.name, path))
        return Content(_videos(folder, classes), dict(enumerate(classes)))
