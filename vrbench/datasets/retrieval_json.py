"""The JSON lists of Singularity, UMT, InternVideo2, VindLU and VLM2Vec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split
from vrbench.datasets.record import Record
from vrbench.datasets.redistributed import entries_of, videos_of

PUBLISHED: Mapping[str, tuple[int, int]] = {
    "msrvtt_ret_test1k": (1000, 1000),
    "msrvtt_ret_train7k": (7010, 140_200),
    "msrvtt_ret_train9k": (9000, 180_000),
    "msrvtt_test_1k": (1000, 1000),
    "msrvtt_train_7k": (7010, 140_200),
    "msrvtt_train_9k": (9000, 180_000),
    "msvd_ret_test": (670, 27_763),
    "lsmdc_ret_test_1000": (1000, 1000),
    "anet_ret_val_1": (4917, 17_505),
    "anet_ret_train": (10_009, 37_421),
}
"""Videos and texts that the splits behind these names have, as their own datasets list them."""


@datasets.register("retrieval-json")
@dataclass(frozen=True)
class RetrievalJson(Dataset):
    """JSON lists as they are redistributed, ``<split>.json`` or ``.jsonl``.

    ``[{"video": "video7020.mp4", "caption": "..." or ["...", ...]}, ...]``: the splits are the
    names of the files, such as ``msrvtt_ret_test1k``, ``didemo_ret_test`` and ``anet_ret_val_1`` of
    Singularity, UMT and InternVideo2, and ``msrvtt_test_1k`` of VLM2Vec. Instead of ``video`` the
    key may be ``image``, ``clip_name``, ``video_id`` or ``vid``, instead of ``caption`` it may be
    ``sentence``, ``query``, ``desc`` or ``text``; other keys are not read. A video that stands
    in several entries has the captions of all. VLM2Vec keeps the same rows as parquet (extra
    ``parquet``), ``<split>.parquet`` or ``<split>-00000-of-00001.parquet``, of VATEX with
    ``videoID`` and ``enCap``, of YouCookII with ``video_path`` and ``sentence``.

    Source: Lei et al., Singularity, ACL 2023, and code after it.

    Attributes:
        unit: ``captions``: each is a text; ``paragraphs``: those of a video are joined by spaces,
            as with ``is_paragraph_retrieval`` (ActivityNet, DiDeMo).
    """

    unit: Literal["captions", "paragraphs"] = "captions"
    source = "Lei et al., Singularity, ACL 2023"

    def expected(self, split: str) -> Split:
        """Return the file, and the published counts of the split that its name stands for."""
        found = Split((f"{split}.json|{split}.jsonl|{split}.parquet",))
        if split not in PUBLISHED:
            return found
        videos, texts = PUBLISHED[split]
        return replace(found, videos=videos, texts=videos if self.unit == "paragraphs" else texts)

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's file."""
        return Content(videos_of(_entries(folder, split), joined=self.unit == "paragraphs"))


def _entries(folder: Folder, split: str) -> Iterator[Record]:
    if folder.has(f"{split}.json"):
        return entries_of(folder.json(f"{split}.json"))
    if folder.has(f"{split}.jsonl"):
        return folder.records(f"{split}.jsonl")
    return folder.parquet_rows(f"{split}.parquet")
