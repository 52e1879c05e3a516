"""VATEX: ten-second Kinetics clips with ten English captions each."""

from __future__ import annotations

from dataclasses import dataclass

from vrbench.datasets import datasets
from vrbench.datasets.annotations import Split, Video
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.errors import InputError

VALIDATION = "vatex_validation_v1.0.json"


@datasets.register("vatex")
@dataclass(frozen=True)
class Vatex(Dataset):
    """VATEX: the 1,500 test videos of retrieval papers, and the official splits; English only.

    The JSON files are lists of ``{"videoID": "<YouTube id>_<start>_<end>", "enCap": [...],
    "chCap": [...]}``; the clips are files of their own. Retrieval papers halve the official
    validation set into ``val-1500`` and ``test`` (Chen et al., HGR, CVPR 2020): the ids come from
    ``val_list.txt`` and ``test_list.txt``, one a line, the captions from the validation file.

    Source: Wang et al., ICCV 2019.
    """

    source = "Wang et al., ICCV 2019; 1,500 test videos: Chen et al., HGR, CVPR 2020"
    splits = {  # noqa: RUF012
        "test": Split(("test_list.txt", VALIDATION), 1500, 15_000, about="HGR"),
        "val-1500": Split(("val_list.txt", VALIDATION), 1500, 15_000, about="HGR"),
        "train": Split(("vatex_training_v1.0.json",), 25_991, 259_910, about="official split"),
        "val": Split((VALIDATION,), 3000, 30_000, about="official split"),
        "public-test": Split(
            ("vatex_public_test_english_v1.1.json",), 6000, 60_000, about="official split"
        ),
    }

    def content(self, folder: Folder, split: str) -> Content:
        *lists, captions = self.splits[split].files
        videos = [
            Video(item["videoID"].text(), item["enCap"].texts()) for item in folder.json(captions)
        ]
        return Content(_chosen(folder, lists[0], videos) if lists else videos)


def _chosen(folder: Folder, names: str, videos: list[Video]) -> list[Video]:
    """Return the videos that a list names, in its order."""
    by_id = {video.id: video for video in videos}
    chosen = []
    for where, name in folder.lines(names):
        if name not in by_id:
            raise InputError(f"{where}: {VALIDATION} has no video '{name}'.")
        chosen.append(by_id[name])
    return chosen
