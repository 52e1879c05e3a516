"""VATEX: ten-second Kinetics clips with ten English captions each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset, by_id, chosen
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video

VALIDATION = "vatex_validation_v1.0.json"


@datasets.register("vatex")
@dataclass(frozen=True)
class Vatex(Dataset):
    """VATEX: the 1,500 test videos of retrieval papers, and the official splits; English only.

    The JSON files are lists of ``{"videoID": "<YouTube id>_<start>_<end>", "enCap": [...],
    "chCap": [...]}``; each clip is a file. Retrieval papers halve the official
    validation set into ``val-1500`` and ``test`` (Chen et al., HGR, CVPR 2020): the ids come from
    ``val_list.txt`` and ``test_list.txt``, or ``vatex_val1k5.txt`` and ``vatex_test1k5.txt`` as
    redistributed, one a line, the captions from the validation file. The counts of ``public-test``
    are not checked.

    Source: Wang et al., ICCV 2019; counts: dataset/README.md of github.com/danieljf24/hybrid_space
    (25,991, 1,500 and 1,500 clips of 10 sentences; ``val`` holds both halves).
    """

    source = "Wang et al., ICCV 2019; 1,500 test videos: Chen et al., HGR, CVPR 2020"
    splits: ClassVar = {
        "test": Split(("test_list.txt|vatex_test1k5.txt", VALIDATION), 1500, 15_000, about="HGR"),
        "val-1500": Split(("val_list.txt|vatex_val1k5.txt", VALIDATION), 1500, 15_000, about="HGR"),
        "train": Split(("vatex_training_v1.0.json",), 25_991, 259_910, about="official split"),
        "val": Split((VALIDATION,), 3000, 30_000, about="official split"),
        "public-test": Split(("vatex_public_test_english_v1.1.json",), about="official split"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        """Read a JSON file, and the list that chooses from it."""
        *lists, captions = self.splits[split].files
        items = folder.json(captions)
        videos = [Video(item["videoID"].text(), item["enCap"].texts()) for item in items]
        if not lists:
            return Content(videos)
        found = by_id(videos, items.where)
        return Content(chosen(folder.lines(lists[0]), found, captions))
