from __future__ import annotations

import json
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_features import write_features

from vrbench.errors import InputError
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


LARGE = """
import sys
import numpy as np
from pathlib import Path
from vrbench.features.tokens import Tokens, offsets_of
from vrbench.features.writer import FeatureWriter

rng, texts, videos = np.random.default_rng(0), 3200, 2800
with FeatureWriter(Path(sys.argv[1]), {"normalized": True}, "float32") as writer:
    owner = {"video": np.arange(texts) % videos}
    sides = ("video", videos, {}), ("text", texts, owner)
    for side, n, more in (*sides, *((f"bank/{side}", n, more) for side, n, more in sides)):
        ids = np.array([f"{side}{i}" for i in range(n)], dtype=np.dtypes.StringDType())
        tokens = rng.standard_normal((n, 8))
        writer.append(side, Tokens(ids, tokens, offsets_of(np.ones(n)), item_columns=more))
    writer.finish()
"""
PEAK = """
import sys
from vrbench.cli import main
from vrbench.runtime.memory import peak
try:
    main()
finally:
    print("peak", peak(), file=sys.stderr)
"""


@cache
def least(path: Path) -> str:
    """The smallest bound that a run is not refused at, as the refusal says."""
    refused = alone(PEAK, "eval", path, "--memory", "1MB")
    found = re.search(r"give at least (\d+MB)", refused.stderr)
    assert found, refused.stderr
    return found[1]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feature file with a bank, whose matrices are most of what an eval takes."""
    path = tmp_path_factory.mktemp("large") / "f.h5"
    made = alone(LARGE, path)
    assert made.returncode == 0, made.stderr
    return path


NORMS = "--norm none --norm dsl --norm inverted-softmax:beta=5"


@pytest.mark.parametrize(
    "more",
    [
        *(f"{NORMS} --bank {bank}" for bank in ("test", "train")),
        "--norm ncl --bank rolling:20",
        "--save-sim {}/sims.npz",
        "--norm ncl --save-sim {}/sims.npz",
    ],
)
def test_the_memory_that_a_refusal_asks_for_is_enough(
    more: str, large: Path, tmp_path: Path
) -> None:
    grid = "--method max-avg " + more.format(tmp_path)
    words = ["eval", large, *grid.split(), "--out", tmp_path / "out", "-q"]
    refused = alone(PEAK, *words, "--memory", least(large))
    found = re.search(r"give at least (\d+)MB", refused.stderr)
    assert refused.returncode == 2, refused.stderr
    assert found, refused.stderr
    enough = int(found[1])
    done = alone(PEAK, *words, "--memory", f"{enough}MB")
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.split()[-1]) <= enough * MB


def two_ways(rng: np.random.Generator) -> dict[str, Any]:
    t2v, v2t = rng.standard_normal((2, 5000, 4000))
    return {"t2v": t2v, "v2t": v2t}


def levels(rng: np.random.Generator) -> dict[str, Any]:
    return {"t2v": rng.standard_normal((8, 3000, 2500), dtype=np.float32)}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (two_ways, "--norm none"),
        (two_ways, "--norm ncl --bank test"),
        (two_ways, "--limit 3990"),
        (levels, "--norm sk --bank test"),
    ],
)
def test_a_similarity_file_fits_or_is_refused(
    made: Callable[[np.random.Generator], dict[str, Any]], words: str, tmp_path: Path
) -> None:
    arrays = made(np.random.default_rng(0))
    n_text, n_video = arrays["t2v"].shape[-2:]
    path = tmp_path / "s.npz"
    np.savez(path, allow_pickle=False, text_video=np.arange(n_text) % n_video, **arrays)
    command = ["eval", "--from-sim", path, *words.split(), "-q", "--out", tmp_path]
    bound, refusals = 1, 0
    while (done := alone(PEAK, *command, "--memory", f"{bound}MB")).returncode == 2:
        found = re.search(r"give at least (\d+)MB", done.stderr)
        assert found, done.stderr
        bound, refusals = int(found[1]), refusals + 1
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.split()[-1]) <= bound * MB
    assert refusals <= 3, "the imports, the file, and what is made of it"


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
    words = ["eval", large, "--method", "max-avg", "--out", tmp_path / "out", "-q", "--json"]
    bound = least(large)
    free = alone(PEAK, *words)
    folded = alone(PEAK, *words, "--memory", bound, "--no-matrix", "--overwrite")
    assert folded.returncode == 0, folded.stderr
    assert int(folded.stderr.split()[-1]) <= int(bound[:-2]) * MB
    first, second = (json.loads(done.stdout)[0] for done in (free, folded))
    assert first["metrics"] == second["metrics"]


HEAVY = """
import sys
import numpy as np
from pathlib import Path
from vrbench.features.tokens import Tokens, offsets_of
from vrbench.features.writer import FeatureWriter

rng = np.random.default_rng(0)
with FeatureWriter(Path(sys.argv[1]), {"normalized": True}, "float32") as writer:
    for side, length, more in (("video", 30, {}), ("text", 20, {"video": np.arange(120)})):
        ids = np.array([f"{side}{i}" for i in range(120)], dtype=np.dtypes.StringDType())
        tokens = rng.standard_normal((120 * length, 3000), dtype=np.float32)
        writer.append(side, Tokens(ids, tokens, offsets_of([length] * 120), item_columns=more))
    writer.finish()
"""


@pytest.mark.parametrize("words", ["--no-matrix", "--method tokenflow --method transport"])
def test_the_smallest_bound_holds(words: str, tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    made = alone(HEAVY, path)
    assert made.returncode == 0, made.stderr
    bound = least(path)
    done = alone(PEAK, "eval", path, *words.split(), "--memory", bound, "--out", tmp_path, "-q")
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.split()[-1]) <= int(bound[:-2]) * MB
