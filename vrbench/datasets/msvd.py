"""MSVD: 1,970 YouTube clips with about 40 captions each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset, chosen
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video

CAPTIONS = "captions_msvd.json"


@datasets.register("msvd")
@dataclass(frozen=True)
class Msvd(Dataset):
    """MSVD: 670 test videos, every one of their 27,763 captions a query.

    ``<split>_list.txt`` has a video id a line, ``captions_msvd.json`` maps ids to captions. The
    ids end in the seconds that a clip was cut from; each clip is a file.

    Chen and Dolan's csv mixes languages and holds misspelt and wrongly encoded English; this file
    is its cleaned English part: lower-case letters, digits and spaces only ("it s shell"). About
    one caption in eight of a video repeats another one of it. Nothing is dropped. Papers differ in
    the captions they use (some draw five a video); pickled captions are not read.

    Source: Chen and Dolan, ACL 2011; splits by Venugopalan et al., ICCV 2015.
    """

    source = "Chen and Dolan, ACL 2011; splits: Venugopalan et al., ICCV 2015"
    splits: ClassVar = {
        "test": Split(("test_list.txt", CAPTIONS), 670, 27_763, about="all captions"),
        "train": Split(("train_list.txt", CAPTIONS), 1200, 48_774, about="all captions"),
        "val": Split(("val_list.txt", CAPTIONS), 100, 4290, about="all captions"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's list and the captions."""
        captions = folder.json(CAPTIONS).items()
        found = {name: Video(name, texts.texts()) for name, texts in captions}
        return Content(chosen(folder.lines(f"{split}_list.txt"), found, CAPTIONS))
