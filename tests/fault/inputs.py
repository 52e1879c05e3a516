"""What the commands of the scenes read, and what they write over."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from cli_runs import run
from small_arrays import padded, plain, save
from small_features import write_features
from toy_videos import captions_of, write_captions, write_videos

Words = list[str | Path]

TRAIN: Words = ["train", "projection", "--width", "4", "--power", "0", "--folds", "2"]


def do(*words: str | Path) -> None:
    """Run a command that has to succeed."""
    done = run(*words)
    assert done.code == 0, done


@dataclass
class Inputs:
    """Files below a folder, and copies of folders with something in them.

    Args:
        root: the folder.
    """

    root: Path
    _numbers: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        (self.root / "inputs").mkdir()
        self.features = write_features(self._at("f.h5"))
        self.arrays = save(self._at("a.npz"), plain())
        self.others = save(self._at("b.npz"), padded())
        self.frames = write_videos(self._at("frames"), [f"video{i}" for i in range(8)])
        toy: Words = ["extract", "--encoder", "toy:dim=8"]
        self.raw = self._at("raw.h5")
        do(*toy, *self._videos("", "x", 20), "--out", self.raw)
        bank = self._videos("bank-", "b", 4)
        self.extraction: Words = [*toy, "--batch", "3", *self._videos("", "v", 7), *bank]
        self.shards = [self._at(f"{i}.h5") for i in (1, 2)]
        for i, path in enumerate(self.shards, 1):
            do(*self.extraction, "--shard", f"{i}/2", "--out", path)

    def _at(self, name: str) -> Path:
        return self.root / "inputs" / name

    def _videos(self, option: str, name: str, n: int) -> Words:
        ids = [f"{name}{i}" for i in range(n)]
        folder = write_videos(self._at(f"videos-{name}"), ids)
        csv = write_captions(self._at(f"{name}.csv"), captions_of(ids))
        return [f"--{option}videos", folder, f"--{option}captions", csv]

    def folder(self, fill: Callable[[Path], object] | None = None) -> Path:
        """Make a folder, and what is to be in it."""
        folder = self.root / "before" / str(next(self._numbers))
        folder.mkdir(parents=True)
        if fill is not None:
            fill(folder)
        return folder

    def imported(self, at: Path) -> None:
        """Put another feature file there."""
        do("import", self.others, "--out", at / "f.h5")

    def begun(self, at: Path) -> None:
        """Put the first half of the extraction there."""
        do(*self.extraction, "--limit", "3", "--out", at / "f.h5")

    def projected(self, at: Path) -> None:
        """Put another projection there."""
        do(*TRAIN, self.raw, "--reg", "0.2", "--out", at / "p.npz")

    def evaluated(self, at: Path) -> None:
        """Put results of two methods there, another similarity file, other runs, another page."""
        out: Words = ["--out", at / "r", "-q"]
        other: Words = ["--save-sim", at / "s.npz", "--run", at / "t"]
        do("eval", self.features, "--method", "max-avg", *other, *out)
        do("eval", self.features, "--method", "global", *out)
        shutil.copy(at / "s.npz", at / "r" / "sims.npz")
        (at / "page.html").write_text("<!doctype html>\n<p>an older page")
