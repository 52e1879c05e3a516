"""DiDeMo: Flickr videos with described moments, taken as video and paragraph."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video


@datasets.register("didemo")
@dataclass(frozen=True)
class Didemo(Dataset):
    """DiDeMo: whole videos, each with one text, all its descriptions joined in file order.

    ``<split>_data.json`` is a list of ``{"video": "<user>_<photo>_<secret>.<extension>",
    "description", "times", ...}``. The same video may be named with two extensions: the 1,037 file
    names of the test file are 1,004 videos, which is the count of the papers. A video is counted
    once here, under its name without extension, and keeps all its descriptions; code that compares
    whole file names with a list of 1,004 loses those under the other name. The times of the
    moments are not read.

    Source: Anne Hendricks et al., ICCV 2017.
    """

    source = "Anne Hendricks et al., ICCV 2017"
    splits: ClassVar = {
        "test": Split(("test_data.json",), 1004, 1004, about="one paragraph a video"),
        "train": Split(("train_data.json",), 8395, 8395, about="one paragraph a video"),
        "val": Split(("val_data.json",), 1065, 1065, about="one paragraph a video"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's JSON file."""
        texts: dict[str, list[str]] = defaultdict(list)
        names = set()
        for item in folder.json(f"{split}_data.json"):
            name = item["video"].text()
            names.add(name)
            texts[_stem(name)].append(item["description"].text().strip())
        remark = (
            f"{len(names):,} file names stand for {len(texts):,} videos: names that differ in "
            "their extension only are one video, with the descriptions of all."
        )
        videos = [Video(video, (" ".join(parts),)) for video, parts in texts.items()]
        return Content(videos, remarks=(remark,) if len(names) != len(texts) else ())


def _stem(name: str) -> str:
    """Return a file name without its extension; some have a dot and none."""
    return PurePosixPath(name).stem.rstrip(".")
