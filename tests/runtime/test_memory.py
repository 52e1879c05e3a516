from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli_runs import run
from small_features import tokens_of, write_features

from vrbench.errors import InputError
from vrbench.features import Tokens
from vrbench.features.writer import FeatureWriter
from vrbench.runtime.memory import MB, parse_size
from vrbench.runtime.npz import open_npz
from vrbench.runtime.opened import OpenedFile
from vrbench.sims import file as sim_file


def alone(code: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own that inherits nothing from this one's size.

    A child is charged with its parent's resident memory until it starts its own program; the
    shell in between is small.
    """
    command = ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000),
        ("800MB", 800_000_000),
        ("1.5g", 1_500_000_000),
        (" 64 kb ", 64_000),
        ("1000", 1000),
        ("7B", 7),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "2GBB", "2 TB", "-1GB", "1e9", "2,5GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="as a size of memory: write 2GB"):
        parse_size(text)


def test_the_memory_of_a_parent_process_is_not_counted() -> None:
    assert torch.__version__  # this process holds it
    code = "from vrbench.runtime.memory import peak; print(peak())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 80 * MB


def test_300_megabytes_beyond_the_imports_are_asked_for(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    # with torch the imports take well over 120 MB
    code = "from vrbench.cli import main; main()"
    done = alone(code, "eval", path, "--memory", "420MB", "--out", tmp_path / "out", "-q")
    assert done.returncode == 2, done.stderr
    assert "--memory 420MB is too little: the imports take" in done.stderr


GROWING = """
import io, re, sys
from contextlib import redirect_stderr
from vrbench.cli import main
from vrbench.runtime.memory import peak

words, bound, refusals = sys.argv[1:], "1MB", 0
while True:
    sys.argv = ["vrbench", *words, "--memory", bound]
    code, said = 0, io.StringIO()
    try:
        with redirect_stderr(said):
            main()
    except SystemExit as end:
        code = end.code or 0
    found = re.search(r"give at least (\\d+MB)", said.getvalue())
    if code != 2 or not found:
        break
    bound, refusals = found[1], refusals + 1
print(said.getvalue(), code, refusals, bound[:-2], peak(), file=sys.stderr)
"""
"""Runs a command with the bound that its refusals ask for, in one process.

What the refused runs leave in memory counts too.
"""


@dataclass(frozen=True)
class Grown:
    """A command that was refused until its bound was enough.

    Attributes:
        refusals: how many there were.
        bound: the last one asked for, in bytes.
        peak: the most that the process took, in bytes.
        out: what it printed.
    """

    refusals: int
    bound: int
    peak: int
    out: str


def grown(*words: object) -> Grown:
    done = alone(GROWING, *words)
    assert done.returncode == 0, done.stderr
    code, refusals, bound, peak = map(int, done.stderr.split()[-4:])
    assert code == 0, done.stderr
    return Grown(refusals, bound * MB, peak, done.stdout)


def write(
    path: Path, texts: tuple[int, int], videos: tuple[int, int], dim: int, parts: Sequence[str]
) -> Path:
    """Write texts and videos, each so many items of so many tokens, for each part of the file."""
    rng = np.random.default_rng(0)
    with FeatureWriter(path, {"normalized": True}, "float32") as writer:
        for part in parts:
            for side in sides(rng, texts, videos, dim, part):
                writer.append(side.name, side)
        writer.finish()
    return path


def sides(
    rng: np.random.Generator, texts: tuple[int, int], videos: tuple[int, int], dim: int, part: str
) -> Iterator[Tokens]:
    owner = np.arange(texts[0]) % videos[0]
    for name, (n, length), links in (("video", videos, None), ("text", texts, owner)):
        items = [rng.standard_normal((length, dim), dtype=np.float32) for _ in range(n)]
        yield tokens_of(items, part + name, video=links)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feature file with a bank, whose matrices are most of what an eval takes."""
    path = tmp_path_factory.mktemp("large") / "f.h5"
    return write(path, (3200, 1), (2800, 1), 8, ("", "bank/"))


@pytest.mark.parametrize(
    "more",
    [
        "--norm none --norm dsl --bank test",
        "--norm none --norm inverted-softmax:beta=5 --bank train",
        "--norm ncl:iterations=1 --bank rolling:2",
        "--save-sim {}/sims.npz",
        "--norm ncl:iterations=1 --save-sim {}/sims.npz",
    ],
)
def test_the_memory_that_a_refusal_asks_for_is_enough(
    more: str, large: Path, tmp_path: Path
) -> None:
    grid = "--method max-avg " + more.format(tmp_path)
    done = grown("eval", large, *grid.split(), "--out", tmp_path / "out", "-q")
    assert done.refusals == 2, "the imports, and the matrices"
    assert done.peak <= done.bound


def two_ways(rng: np.random.Generator) -> dict[str, Any]:
    t2v, v2t = rng.standard_normal((2, 4200, 3500))
    return {"t2v": t2v, "v2t": v2t}


def levels(rng: np.random.Generator) -> dict[str, Any]:
    return {"t2v": rng.standard_normal((8, 2400, 2100), dtype=np.float32)}


@pytest.fixture(scope="module")
def similarities(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A similarity file, whose matrices are most of what an eval takes."""
    arrays = request.param(np.random.default_rng(0))
    n_text, n_video = arrays["t2v"].shape[-2:]
    path = tmp_path_factory.mktemp("similarities") / "s.npz"
    np.savez(path, allow_pickle=False, text_video=np.arange(n_text) % n_video, **arrays)
    return path


@pytest.mark.parametrize(
    ("similarities", "words"),
    [
        (two_ways, "--norm none"),
        (two_ways, "--norm ncl:iterations=1 --bank test"),
        (two_ways, "--limit 3490"),
        (levels, "--norm sk:iterations=1 --bank test"),
    ],
    indirect=["similarities"],
)
def test_a_similarity_file_fits_or_is_refused(
    similarities: Path, words: str, tmp_path: Path
) -> None:
    done = grown("eval", "--from-sim", similarities, *words.split(), "-q", "--out", tmp_path)
    assert done.peak <= done.bound
    assert 2 <= done.refusals <= 3, "the imports, the file, and what is made of it"


@pytest.mark.parametrize("key", ["bank_t2v", "bank_v2t"])
def test_a_bank_is_turned_around_without_being_loaded(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its queries are columns of the file."""
    monkeypatch.setattr("vrbench.sims.file.LARGE", 100_000)
    bank = np.random.default_rng(0).standard_normal((1000, 1000))
    arrays = {"t2v": bank[:10, :1000] if key == "bank_t2v" else bank[:1000, :10]}
    order = np.asfortranarray if key == "bank_t2v" else np.ascontiguousarray
    np.savez(tmp_path / "s.npz", allow_pickle=False, **arrays, **{key: order(bank)})
    tracemalloc.start()
    with open_npz(OpenedFile(tmp_path / "s.npz")) as npz:
        stored = sim_file._on_disk(npz, key)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(np.asarray(stored), bank)
    assert taken < bank.nbytes / 4


def test_without_norms_the_matrices_need_not_fit(large: Path, tmp_path: Path) -> None:
    words = ("eval", large, "--method", "max-avg", "--out", tmp_path, "-q", "--json")
    first = run(*words).results[0]
    folded = grown(*words, "--no-matrix", "--overwrite")
    assert folded.refusals == 1, "the imports"
    assert folded.peak <= folded.bound
    assert json.loads(folded.out)[0]["metrics"] == first["metrics"]


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feature file whose tokens are most of what an eval takes."""
    path = tmp_path_factory.mktemp("heavy") / "f.h5"
    return write(path, (60, 20), (60, 30), 6000, ("",))


@pytest.mark.parametrize("words", ["--no-matrix", "--method tokenflow --method transport"])
def test_the_smallest_bound_holds(words: str, heavy: Path, tmp_path: Path) -> None:
    done = grown("eval", heavy, *words.split(), "--out", tmp_path, "-q")
    assert done.refusals == 1, "the imports"
    assert done.peak <= done.bound
