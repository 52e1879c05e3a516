"""The commands that write, and the folders in which they begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fault.inputs import TRAIN, Inputs, Words


@dataclass(frozen=True)
class Scene:
    """A command, run in a folder that looks the same each time.

    Attributes:
        name: of the scene.
        words: the command line; the folder is the current one.
        before: what the folder holds.
        carried_on: file that a later run carries on, so that it may be unfinished.
        stdout: file in the folder that takes the output, as ``>`` does.
    """

    name: str
    words: Words
    before: Path
    carried_on: str = ""
    stdout: str = ""

    @property
    def kind(self) -> str:
        """What it has in common with scenes that begin in other folders."""
        return self.name.partition(" ")[0]

    @property
    def hdf5(self) -> bool:
        """Whether the command writes a feature file."""
        return "f.h5" in self.words


def scenes(root: Path) -> Iterator[Scene]:
    """Make the inputs below ``root``, and yield every scene."""
    made = Inputs(root)
    empty = made.folder()
    yield from _feature_files(made, empty)
    train: Words = [*TRAIN, made.raw, "--reg", "1", "--out", "p.npz", "--overwrite"]
    yield Scene("train new", train, empty)
    yield Scene("train over", train, made.folder(made.projected))
    results = made.folder(made.evaluated)
    for name, before in (("new", empty), ("over", results)):
        yield from _evaluations(made, name, before)
    yield Scene("reproduce", ["reproduce", "ncl-5", made.features, "-q", "--out", "r"], empty)
    yield Scene("report new", ["report", "r"], results)
    yield Scene("report over", ["report", "r", "--out", "page.html"], results)
    yield Scene("export", ["export", "r", "--format", "csv", "--out", "all.csv"], results)
    yield Scene("table", ["table", "ncl-1", "--format", "csv"], results, stdout="t.csv")
    show: Words = ["show", "text0", "--features", made.features, "--method", "global", "-q"]
    yield Scene("show", [*show, "--frames", made.frames, "--out", "page.html"], results)


def _feature_files(made: Inputs, empty: Path) -> Iterator[Scene]:
    other, out = made.folder(made.imported), ["--out", "f.h5"]
    for name, before in (("new", empty), ("over", other)):
        words: Words = ["import", made.arrays, *out, "--overwrite"]
        yield Scene(f"import {name}", words, before)
        yield Scene(f"merge {name}", ["merge", *made.shards, *out, "--overwrite"], before)
    extract: Words = [*made.extraction, *out]
    yield Scene("extract new", extract, empty, carried_on="f.h5")
    yield Scene("extract on", extract, made.folder(made.begun), carried_on="f.h5")
    yield Scene("extract over", [*extract, "--overwrite"], other)


def _evaluations(made: Inputs, name: str, before: Path) -> Iterator[Scene]:
    words: Words = ["eval", made.features, "-q", "--method", "global", "--out", "r"]
    yield Scene(f"eval {name}", [*words, "--norm", "ncl", "--overwrite"], before)
    yield Scene(f"save-sim {name}", [*words, "--save-sim", "s.npz"], before)
    yield Scene(f"run {name}", [*words, "--run", "t"], before)
    yield Scene(f"plot {name}", ["plot", "ranks", made.features, "-q", "--out", "r"], before)
    tune: Words = ["tune", made.features, "-q", "--method", "global", "--try", "gamma=0.02,0.1"]
    yield Scene(f"tune {name}", [*tune, "--out", "r"], before)
