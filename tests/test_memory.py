from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from small_features import write_features

from vrbench.errors import InputError
from vrbench.memory import MB, parse_size


def alone(code: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
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
    code = "from vrbench.memory import peak; print(peak())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 80 * MB


def test_300_megabytes_beyond_the_imports_are_asked_for(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    # with torch the imports take well over 120 MB
    code = "from vrbench.cli import main; main()"
    done = alone(code, "eval", path, "--memory", "420MB", "--out", tmp_path / "out", "-q")
    assert done.returncode == 2, done.stderr
    assert "--memory 420MB is too little: the imports take" in done.stderr
