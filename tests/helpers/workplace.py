"""Tiny videos and captions to extract features of, and whether two feature files hold the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_videos import captions_of, write_captions, write_videos

from vrbench.extraction.extract import LOADING, Extraction, Inputs, extract
from vrbench.features import Tokens, open_features

VIDEOS = [f"v{i}" for i in range(7)]
BANK = [f"b{i}" for i in range(4)]


@dataclass(frozen=True)
class Workplace:
    """Tiny videos and captions, and the extraction of them with the toy encoder."""

    root: Path
    source: Inputs
    bank: Inputs

    @property
    def csv(self) -> Path:
        """The captions of the source."""
        return self.root / "test.csv"

    def extract(self, name: str = "f.h5", source: Inputs | None = None, **more: Any) -> Extraction:
        """Extract; ``progress`` is told of items only."""
        settings = {"encoder": "toy", "bank": self.bank, "batch": 2, **more}
        if told := settings.get("progress"):
            settings["progress"] = lambda *said: None if said[0] == LOADING else told(*said)
        return extract(source or self.source, self.root / name, **settings)


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    parts = []
    for name, ids in (("test", VIDEOS), ("bank", BANK)):
        folder = write_videos(tmp_path / name, ids)
        captions = write_captions(tmp_path / f"{name}.csv", captions_of(ids))
        parts.append(Inputs(folder, captions))
    return Workplace(tmp_path, *parts)


def same(a: Path, b: Path) -> bool:
    """Whether two feature files hold the same, attributes included."""
    with open_features(a) as one, open_features(b) as two:
        pairs = [(getattr(one, s), getattr(two, s)) for s in SIDES]
        return dict(one.attrs) == dict(two.attrs) and all(map(equal, *zip(*pairs, strict=True)))


SIDES = ("video", "text", "bank_video", "bank_text")


def equal(a: Tokens | None, b: Tokens | None) -> bool:
    if a is None or b is None:
        return a is b
    x, y = a.block(0, len(a)), b.block(0, len(b))
    columns = [(x.item_columns, y.item_columns), (x.token_columns, y.token_columns)]
    return (
        all(np.array_equal(getattr(x, n), getattr(y, n)) for n in ("ids", "tokens", "offsets"))
        and np.array_equal(x.global_vectors, y.global_vectors)
        and all(one.keys() == two.keys() for one, two in columns)
        and all(np.array_equal(one[k], two[k]) for one, two in columns for k in one)
    )


def shards(place: Workplace, n: int, **more: Any) -> list[Path]:
    return [place.extract(f"{i}.h5", shard=f"{i}/{n}", **more).path for i in range(1, n + 1)]
