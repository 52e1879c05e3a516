"""LSMDC 2016: clips of movies, each with a sentence of its audio description or script."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.errors import InputError

COLUMNS = 6


@datasets.register("lsmdc")
@dataclass(frozen=True)
class Lsmdc(Dataset):
    """LSMDC 2016: the 1,000 public test clips of the retrieval challenge, and the official splits.

    The ``.csv`` files have no header and six values a line, divided by tabs: clip id, start and
    end aligned, start and end extracted, sentence. A clip id may stand in several lines; its
    sentences are then its captions. Times are those in the movie and are not read: the clips are
    files of their own, ``<movie>/<clip id>``.

    Source: Rohrbach et al., IJCV 2017.
    """

    source = "Rohrbach et al., IJCV 2017"
    splits: ClassVar = {
        "test": Split(
            ("LSMDC16_challenge_1000_publictect.csv",), 1000, 1000, about="2016 challenge"
        ),
        "train": Split(("LSMDC16_annos_training.csv",), 101_046, 101_079, about="2016 challenge"),
        "val": Split(("LSMDC16_annos_val.csv",), 7408, 7408, about="2016 challenge"),
        "full-test": Split(("LSMDC16_annos_test.csv",), 10_053, 10_053, about="2016 challenge"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's file."""
        captions: dict[str, list[str]] = defaultdict(list)
        for where, line in folder.lines(self.splits[split].files[0]):
            values = line.split("\t")
            if len(values) != COLUMNS:
                raise InputError(
                    f"{where}: expected {COLUMNS} values divided by tabs, found {len(values)}."
                )
            captions[values[0].strip()].append(values[-1])
        return Content(
            Video(clip, tuple(texts), f"{clip.rpartition('_')[0] or clip}/{clip}")
            for clip, texts in captions.items()
        )
