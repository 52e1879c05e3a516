"""MSR-VTT: 10,000 web videos with 20 captions each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset, by_id, chosen
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.datasets.redistributed import entries_of, videos_of

TEST = "test_videodatainfo.json|MSRVTT_data.json"
TRAIN = "train_val_videodatainfo.json|MSRVTT_data.json"
JSFUSION = "MSRVTT_JSFUSION_test.csv"
REDISTRIBUTED = "msrvtt_ret_test1k.json|msrvtt_test_1k.json"

CATEGORIES = (
    "music", "people", "gaming", "sports/actions", "news/events/politics", "education", "tv shows",
    "movie/comedy", "animation", "vehicles/autos", "howto", "travel", "science/technology",
    "animals/pets", "kids/family", "documentary", "food/drink", "cooking", "beauty/fashion",
    "advertisement",
)  # fmt: skip
"""The classes 0 to 19, as ``category.txt`` has them."""

OFFICIAL = {"train": "train", "val": "validate", "full-test": "test"}
"""Name of a split -> what the files call it."""


@datasets.register("msrvtt")
@dataclass(frozen=True)
class MsrVtt(Dataset):
    """MSR-VTT: 1k-A (test, with one given caption each), 7k and 9k training, official splits.

    * ``test`` is 1k-A: the videos and the one caption each of ``MSRVTT_JSFUSION_test.csv``, or of
      ``msrvtt_ret_test1k.json`` or ``msrvtt_test_1k.json`` (see ``retrieval-json``).
    * ``train-9k`` and ``train-7k``: the videos of ``MSRVTT_train.9k.csv`` (all but 1k-A) and
      ``MSRVTT_train.7k.csv``, with all their captions.
    * ``train``, ``val``, ``full-test``: the official splits, 20 captions a video.

    The JSON files hold ``videos`` (``video_id``, ``category``, ``split``) and ``sentences``
    (``video_id``, ``caption``). Their times are those of the YouTube video that a clip was cut
    from, so they are not read: each clip is a file. Labels are the categories; 1k-A takes them
    from the JSON of the test videos, and has none without it.

    Source: Xu et al., CVPR 2016; 1k-A by Yu et al. (JSFusion), ECCV 2018.
    """

    source = "Xu et al., CVPR 2016; 1k-A: Yu et al., JSFusion, ECCV 2018"
    splits: ClassVar = {
        "test": Split((f"{JSFUSION}|{REDISTRIBUTED}",), 1000, 1000, about="1k-A, JSFusion"),
        "train-9k": Split(("MSRVTT_train.9k.csv", TRAIN, TEST), 9000, 180_000, about="1k-A"),
        "train-7k": Split(("MSRVTT_train.7k.csv", TRAIN), 7010, 140_200, about="1k-A"),
        "train": Split((TRAIN,), 6513, 130_260, about="official split"),
        "val": Split((TRAIN,), 497, 9940, about="official split"),
        "full-test": Split((TEST,), 2990, 59_800, about="official split"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's list and the JSON files."""
        if split == "test":
            return _one_k_a(folder)
        videos: dict[str, Video] = {}
        for names in self.splits[split].files:
            if "|" in names:
                videos = _read(folder, names, OFFICIAL.get(split)) | videos
        if split in OFFICIAL:
            return Content(videos.values(), dict(enumerate(CATEGORIES)))
        rows = folder.rows(self.splits[split].files[0], ("video_id",))
        ids = ((where, row["video_id"]) for where, row in rows)
        known = chosen(ids, videos, "*_videodatainfo.json or MSRVTT_data.json")
        return Content(known, dict(enumerate(CATEGORIES)))


def _read(folder: Folder, names: str, part: str | None = None) -> dict[str, Video]:
    """Return the videos of a JSON file by id: those of one official split, or all."""
    data = folder.json(names)
    captions: dict[str, list[str]] = defaultdict(list)
    for sentence in data["sentences"]:
        captions[sentence["video_id"].text()].append(sentence["caption"].text())
    videos = []
    for video in data["videos"]:
        name, category = video["video_id"].text(), video["category"].whole()
        if not 0 <= category < len(CATEGORIES):
            video["category"].fail("a category from 0 to 19")
        if part in (None, video["split"].text()):
            videos.append(Video(name, tuple(captions[name]), label=category))
    return by_id(videos, data.where)


def _one_k_a(folder: Folder) -> Content:
    """Return the videos of 1k-A, with labels where the test videos' JSON is there."""
    if folder.has(JSFUSION):
        rows = folder.rows(JSFUSION, ("video_id", "sentence"))
        videos = [Video(row["video_id"], (row["sentence"],)) for _, row in rows]
    else:
        videos = videos_of(entries_of(folder.json(REDISTRIBUTED)))
    if not folder.has(TEST):
        remark = f"Without {TEST.replace('|', ' or ')} the videos have no labels."
        return Content(videos, remarks=(remark,))
    return Content(_labelled(videos, _read(folder, TEST)), dict(enumerate(CATEGORIES)))


def _labelled(videos: list[Video], known: Mapping[str, Video]) -> Iterator[Video]:
    for video in videos:
        yield replace(video, label=known[video.id].label if video.id in known else None)
