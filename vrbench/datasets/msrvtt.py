"""MSR-VTT: 10,000 web videos with 20 captions each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from vrbench.datasets import datasets
from vrbench.datasets.annotations import Split, Video
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.errors import InputError

TEST = "test_videodatainfo.json|MSRVTT_data.json"
TRAIN = "train_val_videodatainfo.json|MSRVTT_data.json"
JSFUSION = "MSRVTT_JSFUSION_test.csv"

CATEGORIES = (
    "music", "people", "gaming", "sports/actions", "news/events/politics", "education", "tv shows",
    "movie/comedy", "animation", "vehicles/autos", "howto", "travel", "science/technology",
    "animals/pets", "kids/family", "documentary", "food/drink", "cooking", "beauty/fashion",
    "advertisement",
)  # fmt: skip
"""The classes 0 to 19, as ``category.txt`` has them."""


@datasets.register("msrvtt")
@dataclass(frozen=True)
class MsrVtt(Dataset):
    """MSR-VTT: 1k-A (test, with one given caption each), 7k and 9k training, official splits.

    * ``test`` is 1k-A: the videos and the one caption each of ``MSRVTT_JSFUSION_test.csv``.
    * ``train-9k`` and ``train-7k``: the videos of ``MSRVTT_train.9k.csv`` (all but 1k-A) and
      ``.7k.csv``, with all their captions.
    * ``train``, ``val``, ``full-test``: the official splits, 20 captions a video.

    The JSON files hold ``videos`` (``video_id``, ``category``, ``split``) and ``sentences``
    (``video_id``, ``caption``). Their times are those of the YouTube video that a clip was cut
    from, so they are not read: the clips are files of their own. Labels are the categories; 1k-A
    needs the JSON of the test videos for them and goes without where it is not there.

    Source: Xu et al., CVPR 2016; 1k-A by Yu et al. (JSFusion), ECCV 2018.
    """

    source = "Xu et al., CVPR 2016; 1k-A: Yu et al., JSFusion, ECCV 2018"
    splits = {  # noqa: RUF012
        "test": Split((JSFUSION,), 1000, 1000, about="1k-A, JSFusion"),
        "train-9k": Split(("MSRVTT_train.9k.csv", TRAIN, TEST), 9000, 180_000, about="1k-A"),
        "train-7k": Split(("MSRVTT_train.7k.csv", TRAIN), 7010, 140_200, about="1k-A"),
        "train": Split((TRAIN,), 6513, 130_260, about="official split"),
        "val": Split((TRAIN,), 497, 9940, about="official split"),
        "full-test": Split((TEST,), 2990, 59_800, about="official split"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        if split == "test" and not folder.has(TEST):
            remark = f"The labels are left out: {folder.path} has no {TEST.replace('|', ' or ')}."
            return Content(_given(folder, {}), remarks=(remark,))
        files = [TEST] if split == "test" else [f for f in self.splits[split].files if "|" in f]
        info: dict[str, tuple[str, Video]] = {}
        for names in files:
            info = _read(folder, names) | info
        if split == "test":
            videos = _given(folder, {name: video.label for name, (_, video) in info.items()})
        elif split.startswith("train-"):
            videos = _listed(folder, f"MSRVTT_train.{split[-2:]}.csv", info)
        else:
            official = {"val": "validate", "full-test": "test"}.get(split, split)
            videos = (video for part, video in info.values() if part == official)
        return Content(videos, dict(enumerate(CATEGORIES)))


def _read(folder: Folder, names: str) -> dict[str, tuple[str, Video]]:
    """Return id -> (official split, video) of a JSON file."""
    data = folder.json(names)
    captions: dict[str, list[str]] = defaultdict(list)
    for sentence in data["sentences"]:
        captions[sentence["video_id"].text()].append(sentence["caption"].text())
    found = {}
    for video in data["videos"]:
        name, category = video["video_id"].text(), video["category"].whole()
        if not 0 <= category < len(CATEGORIES):
            video["category"].fail("a category from 0 to 19")
        item = Video(name, tuple(captions[name]), label=category)
        found[name] = (video["split"].text(), item)
    return found


def _given(folder: Folder, labels: dict[str, int | None]) -> Iterator[Video]:
    for _, row in folder.rows(JSFUSION, ("video_id", "sentence")):
        yield Video(row["video_id"], (row["sentence"],), label=labels.get(row["video_id"]))


def _listed(folder: Folder, name: str, info: dict[str, tuple[str, Video]]) -> Iterator[Video]:
    for where, row in folder.rows(name, ("video_id",)):
        if row["video_id"] not in info:
            raise InputError(f"{where}: the JSON files have no video '{row['video_id']}'.")
        yield info[row["video_id"]][1]
