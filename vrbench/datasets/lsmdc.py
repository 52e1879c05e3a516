"""LSMDC 2016: clips of movies, each with a sentence of its audio description or script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.errors import InputError

COLUMNS = 6
CLIPS = ("clip_id", "video_id", "video", "clip")
SENTENCES = ("sentence", "caption", "description", "text")


def _files(part: str) -> str:
    return f"LSMDC16_annos_{part}.csv|LSMDC16_annos_{part}_someone.csv"


@datasets.register("lsmdc")
@dataclass(frozen=True)
class Lsmdc(Dataset):
    """LSMDC 2016: the 1,000 public test clips of the retrieval challenge, and the official splits.

    The ``.csv`` files have no header and six values a line, divided by tabs: clip id, start and
    end aligned, start and end extracted, sentence. A clip id may stand in several lines; its
    sentences are then its captions. Times are those in the movie and are not read: the clips are
    files of their own, ``<movie>/<clip id>``. The variants ``..._someone.csv``, with names replaced
    by SOMEONE, are read where the plain ones are not there, as are files with a header, divided by
    tabs or commas, whose columns are ``clip_id``, ``video_id``, ``video`` or ``clip``, and
    ``sentence``, ``caption``, ``description`` or ``text``.
    Of the official splits the counts of sentences are checked, those of clips are not.

    Source: Rohrbach et al., IJCV 2017; counts: the challenge's own README of its annotations
    (101,079, 7,408 and 10,053, where "CLIP_ID is not a unique identifier"), and
    misc/datasets/lsmdc/README.md of github.com/albanie/collaborative-experts (1,000 clips).
    """

    source = "Rohrbach et al., IJCV 2017"
    splits: ClassVar = {
        "test": Split(
            (
                "LSMDC16_challenge_1000_publictect.csv|LSMDC16_challenge_1000_publictect_someone.csv",
            ),
            *(1000, 1000),
            about="2016 challenge",
        ),
        "train": Split((_files("training"),), texts=101_079, about="2016 challenge"),
        "val": Split((_files("val"),), texts=7408, about="2016 challenge"),
        "full-test": Split((_files("test"),), texts=10_053, about="2016 challenge"),
    }

    def content(self, folder: Folder, split: str) -> Content:
        """Read the split's file."""
        captions: dict[str, list[str]] = defaultdict(list)
        for clip, sentence in _rows(folder, self.splits[split].files[0]):
            captions[clip.strip()].append(sentence)
        return Content(
            Video(clip, tuple(texts), f"{clip.rpartition('_')[0] or clip}/{clip}")
            for clip, texts in captions.items()
        )


def _rows(folder: Folder, names: str) -> Iterator[tuple[str, str]]:
    """Yield clip and sentence of each line."""
    lines = folder.lines(names)
    first = next(lines, ("", ""))
    header = _header(first[1])
    if header:
        clip, sentence = header
        for _, row in folder.rows(names, (clip, sentence)):
            yield row[clip], row[sentence]
        return
    for where, line in chain([first] if first[0] else [], lines):
        values = line.split("\t")
        if len(values) != COLUMNS:
            raise InputError(
                f"{where}: expected {COLUMNS} values divided by tabs, found {len(values)}."
            )
        yield values[0], values[-1]


def _header(line: str) -> tuple[str, str] | None:
    """Return how a file with this header is divided, and its two columns; None: it has none."""
    for delimiter in "\t,":
        names = line.split(delimiter)
        clip = next((name for name in CLIPS if name in names), None)
        sentence = next((name for name in SENTENCES if name in names), None)
        if clip and sentence:
            return clip, sentence
    return None
