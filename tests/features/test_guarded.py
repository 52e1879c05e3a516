"""Damaged HDF5 files, which libhdf5 loops or falls over: each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hand_made import write_by_hand

from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.features.writer import FeatureWriter

SECONDS = 60
"""Of the clock until a process hangs, on a machine with other work."""

READ = """
import sys
from vrbench.errors import InputError
from vrbench.features import apart
from vrbench.features.writer import FeatureWriter
from vrbench.features import open_features
apart.SECONDS = 1  # a second of the processor shows that there is no end
path = __import__("pathlib").Path(sys.argv[1])
for read in (open_features, lambda path: FeatureWriter(path, {}, "float32")):
    try:
        read(path)
    except InputError as error:
        print(error)
"""


def said(path: Path) -> str:
    """What is said of a file that is read, and of one that is carried on."""
    command = [sys.executable, "-c", READ, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def heap_of(data: bytes | bytearray) -> tuple[int, int]:
    """Where the global heap of a file begins, and where its free space does."""
    start = data.index(b"GCOL")
    place = start + 16
    while int.from_bytes(data[place : place + 2], "little"):
        place += 16 + -(-int.from_bytes(data[place + 8 : place + 16], "little") // 8) * 8
    return start, place


@pytest.mark.parametrize("attribute", [False, True])
@pytest.mark.parametrize("size", [0, 1, 8, 1 << 40, (1 << 64) - 1])
def test_a_damaged_heap_is_refused(size: int, attribute: bool, tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5")
    if attribute:
        with h5py.File(path, "w") as file:
            file.attrs.update(format="vrbench-features", version=1, dtype="float32")
    data = bytearray(path.read_bytes())
    _, free = heap_of(data)
    data[free + 8 : free + 16] = size.to_bytes(8, "little")
    path.write_bytes(data)
    assert said(path).count("f.h5 is damaged (the global heap at byte ") == 1 + attribute


def test_objects_of_a_heap_that_overlap(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5")
    data = bytearray(path.read_bytes())
    first = heap_of(data)[0] + 16
    data[first + 8 : first + 16] = ((1 << 64) - 16).to_bytes(8, "little")
    path.write_bytes(data)
    assert "the global heap at byte" in said(path)


def test_strings_longer_than_the_file(tmp_path: Path) -> None:
    """HDF5 makes room for a string before it looks for it."""
    path = write_by_hand(tmp_path / "f.h5")
    with h5py.File(path) as file:
        place = file["video/ids"].id.get_offset()
    data = bytearray(path.read_bytes())
    data[place : place + 4] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"/video/ids is damaged \(its strings are longer"):
        open_features(path)


def test_attributes_that_are_neither_text_nor_numbers(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5")
    with h5py.File(path, "r+") as file:
        value = np.empty(1, dtype=h5py.vlen_dtype(np.float64))
        value[0] = np.ones(3)
        file.attrs["normalized"] = value
    with pytest.raises(InputError, match="the attribute normalized of type object, expected"):
        open_features(path)


def test_a_file_that_is_never_closed_ends_with_the_process(tmp_path: Path) -> None:
    """HDF5 closes it when Python is gone, through which it reads."""
    path = write_by_hand(tmp_path / "f.h5")
    code = (
        "import sys, vrbench; kept = vrbench.open(sys.argv[1]).video; "
        "sys.setrecursionlimit(900); print(kept.block(0, 1).tokens.shape)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"(2, 4)\n", b"")


def test_tokens_outlive_what_they_were_opened_with(tmp_path: Path) -> None:
    video = open_features(write_by_hand(tmp_path / "f.h5")).video
    assert video.block(0, 3).tokens.shape == (6, 4)


def test_a_file_that_was_read_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    FeatureWriter(path, {}, "float32").close()
    with h5py.File(path, "w") as file:
        file.attrs.update(format="vrbench-features", version=1, dtype="float32")
    with pytest.raises(InputError, match="/video"):
        open_features(path)
    FeatureWriter(path, {}, "float32").close()
