"""Charades-STA: home videos with sentences on moments of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split
from vrbench.datasets.moments import Moments
from vrbench.datasets.record import Record
from vrbench.datasets.segments import Segment
from vrbench.errors import InputError


@datasets.register("charades-sta")
@dataclass(frozen=True)
class CharadesSta(Moments):
    """Charades-STA: the videos of Charades, with sentences and their times.

    ``charades_sta_train.txt`` and ``charades_sta_test.txt``, a line a sentence:
    ``<video id> <start> <end>##<sentence>``, times in seconds. Videos share many sentences.
    The counts of sentences are checked, those of videos are not.

    Source: Gao et al., TALL, ICCV 2017; sentences of each split: Mun et al., Local-Global
    Video-Text Interactions, CVPR 2020, section 4.1.

    Attributes:
        unit: ``timed``, ``clips`` or ``videos``; see ``Moments``.
    """

    source = "Gao et al., TALL, ICCV 2017"
    splits: ClassVar = {
        "test": Split(("charades_sta_test.txt",), clips=3720, about="as published"),
        "train": Split(("charades_sta_train.txt",), clips=12_408, about="as published"),
    }

    def segments(self, folder: Folder, split: str) -> Iterator[tuple[str, Segment]]:
        """Yield the sentences of a split."""
        for where, line in folder.lines(self.splits[split].files[0]):
            head, mark, sentence = line.partition("##")
            values = head.split()
            if not mark or len(values) != 3:
                raise InputError(f"{where}: expected '<video> <start> <end>##<sentence>'.")
            start, end = (Record(value, where).number() for value in values[1:])
            yield values[0], Segment(sentence, start, end)
