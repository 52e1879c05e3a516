"""The commands that write, and the folders in which they begin."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cli_runs import run
from small_arrays import padded, plain, save
from small_features import write_features
from toy_videos import captions_of, write_captions, write_videos

Words = list[str | Path]


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


def scenes(root: Path) -> Iterator[Scene]:
    """Make the inputs below ``root``, and yield every scene."""
    made = _Made(root)
    features, sims = made.features(), made.inputs / "sims.npz"
    _do("eval", features, "--method", "global", "--save-sim", sims, "--out", root / "r", "-q")
    evaluated: Words = ["eval", features, "-q", "--method", "global", "--out", "r"]
    for name, before in made.new_and_over(lambda at: _import(made.arrays(padded), at / "f.h5")):
        source = made.arrays(plain)
        words: Words = ["import", source, "--out", "f.h5", "--overwrite"]
        yield Scene(f"import {name}", words, before)
    yield from _extractions(made)
    for name, before in made.new_and_over(lambda at: _projection(made, at / "p.npz", "0.2")):
        words = [*_TRAIN, made.raw(), "--out", "p.npz", "--reg", "1", "--overwrite"]
        yield Scene(f"train {name}", words, before)
    for name, before in made.new_and_over(lambda at: _evaluated(made, at)):
        yield Scene(f"eval {name}", [*evaluated, "--norm", "ncl", "--overwrite"], before)
        yield Scene(f"save-sim {name}", [*evaluated, "--save-sim", "s.npz"], before)
        yield Scene(f"run {name}", [*evaluated, "--run", "t"], before)
        yield Scene(f"plot {name}", ["plot", "ranks", features, "-q", "--out", "r"], before)
        words = ["tune", features, "-q", "--method", "global", "--try", "gamma=0.02,0.1"]
        yield Scene(f"tune {name}", [*words, "--out", "r"], before)
    grid: Words = ["reproduce", "ncl-5", features, "-q", "--out", "r"]
    yield Scene("reproduce", grid, made.empty())
    results = made.holding(lambda at: _evaluated(made, at))
    yield Scene("report new", ["report", "r"], results)
    yield Scene("report over", ["report", "r", "--out", "page.html"], results)
    yield Scene("table", ["table", "ncl-1", "--format", "csv"], results, stdout="t.csv")
    frames = write_videos(made.inputs / "frames", [f"video{i}" for i in range(8)])
    page: Words = ["show", "text0", "--features", features, "--method", "global", "-q"]
    yield Scene("show", [*page, "--frames", frames, "--out", "page.html"], results)


def _extractions(made: _Made) -> Iterator[Scene]:
    words, shards = made.extraction(), made.shards()
    first: Words = [*words, "--out", "f.h5"]
    yield Scene("extract new", first, made.empty(), carried_on="f.h5")
    begun = made.holding(lambda at: _do(*words, "--limit", "3", "--out", at / "f.h5"))
    yield Scene("extract on", first, begun, carried_on="f.h5")
    for name, before in made.new_and_over(lambda at: _import(made.arrays(padded), at / "f.h5")):
        merge: Words = ["merge", *shards, "--out", "f.h5", "--overwrite"]
        yield Scene(f"merge {name}", merge, before)
        if name == "over":
            yield Scene("extract over", [*first, "--overwrite"], before)


_TRAIN: Words = ["train", "projection", "--width", "4", "--power", "0", "--folds", "2"]


@dataclass
class _Made:
    """What scenes are made of; each part is made once."""

    root: Path
    count: int = 0

    @property
    def inputs(self) -> Path:
        folder = self.root / "inputs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def features(self) -> Path:
        return self._once("f.h5", lambda path: write_features(path))

    def arrays(self, of: Callable[[], dict[str, object]]) -> Path:
        return self._once(f"{of.__name__}.npz", lambda path: save(path, of()))

    def extraction(self) -> Words:
        """The words of an extraction with a bank, without --out."""
        words: Words = ["extract", "--encoder", "toy:dim=8", "--batch", "3"]
        for option, name, count in (("", "v", 7), ("bank-", "b", 4)):
            ids = [f"{name}{i}" for i in range(count)]
            folder = self._once(f"videos-{name}", lambda path, ids=ids: write_videos(path, ids))
            csv = self._once(
                f"{name}.csv", lambda path, ids=ids: write_captions(path, captions_of(ids))
            )
            words += [f"--{option}videos", folder, f"--{option}captions", csv]
        return words

    def shards(self) -> list[Path]:
        words = self.extraction()
        return [
            self._once(f"{i}.h5", lambda path, i=i: _do(*words, "--shard", f"{i}/2", "--out", path))
            for i in (1, 2)
        ]

    def raw(self) -> Path:
        """Features to fit a projection on."""
        ids = [f"x{i}" for i in range(20)]
        folder = self._once("videos-x", lambda path: write_videos(path, ids))
        csv = self._once("x.csv", lambda path: write_captions(path, captions_of(ids)))
        words: Words = ["extract", "--encoder", "toy:dim=8", "--videos", folder, "--captions", csv]
        return self._once("raw.h5", lambda path: _do(*words, "--out", path))

    def empty(self) -> Path:
        self.count += 1
        folder = self.root / "before" / str(self.count)
        folder.mkdir(parents=True)
        return folder

    def holding(self, fill: Callable[[Path], object]) -> Path:
        folder = self.empty()
        fill(folder)
        return folder

    def new_and_over(self, fill: Callable[[Path], object]) -> Iterator[tuple[str, Path]]:
        """Yield an empty folder, and one with what is to be written over."""
        yield "new", self.empty()
        yield "over", self.holding(fill)

    def _once(self, name: str, make: Callable[[Path], object]) -> Path:
        path = self.inputs / name
        if not path.exists():
            make(path)
        return path


def _do(*words: str | Path) -> None:
    done = run(*words)
    assert done.code == 0, done


def _import(source: Path, out: Path) -> None:
    _do("import", source, "--out", out)


def _projection(made: _Made, out: Path, reg: str) -> None:
    _do(*_TRAIN, made.raw(), "--reg", reg, "--out", out)


def _evaluated(made: _Made, at: Path) -> None:
    """What is written over: results of another method, a similarity file, runs, a page."""
    out: Words = ["--out", at / "r", "-q", "--save-sim", at / "s.npz", "--run", at / "t"]
    _do("eval", made.features(), "--method", "max-avg", *out)
    shutil.copy(at / "s.npz", at / "r" / "sims.npz")
    _do("eval", made.features(), "--method", "global", "--out", at / "r", "-q")
    _do("report", at / "r", "--out", at / "page.html")
    (at / "page.html").write_text("<!doctype html>\n<p>an older page")
