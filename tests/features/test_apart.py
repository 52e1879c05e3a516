"""HDF5 files whose addresses lead in a circle, or to the same string again and again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import pytest
from hand_made import write_by_hand
from small_features import write_features
from test_guarded import said

from vrbench.features import open_features

Damage = Callable[[bytearray], None]

LONGEST = 1_000_000


def address(data: bytearray, place: int) -> int:
    return int.from_bytes(data[place : place + 8], "little")


def point(data: bytearray, place: int, to: int) -> None:
    data[place : place + 8] = to.to_bytes(8, "little")


def nodes(data: bytearray, kind: int) -> Iterator[int]:
    """Where the nodes of B-trees begin, of groups (0) or of chunks (1)."""
    for found in re.finditer(b"TREE" + bytes([kind]), bytes(data)):
        yield found.start()


def children(data: bytearray, kind: int) -> None:
    for node in nodes(data, kind):
        data[node + 5] = 1  # its level: its children are nodes
        for key in (8,) if kind == 0 else (8 + 8 * 2, 8 + 8 * 3):
            child = node + 24 + key
            if 0 < address(data, child) < len(data):
                point(data, child, node)
                break


def siblings(data: bytearray) -> None:
    for node in nodes(data, 0):
        point(data, node + 8, node)
        point(data, node + 16, node)


def free_lists(data: bytearray) -> None:
    for found in re.finditer(b"HEAP\0\0\0\0", bytes(data)):
        heap = found.start()
        free, entries = address(data, heap + 16), address(data, heap + 24)
        if free >= address(data, heap + 8):  # it has no free space: let it begin with some
            free = 0
            point(data, heap + 16, free)
            point(data, entries + 8, 16)
        point(data, entries + free, free)


@pytest.mark.parametrize(
    "damage",
    [lambda data: children(data, 0), lambda data: children(data, 1), siblings, free_lists],
    ids=["children of groups", "children of chunks", "siblings", "free lists"],
)
def test_what_leads_in_a_circle_is_refused(damage: Damage, tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    data = bytearray(path.read_bytes())
    damage(data)
    assert data != path.read_bytes()
    path.write_bytes(data)
    assert len(re.findall(r"f\.h5 is damaged \(.*\): copy it again", said(path))) == 2


def test_an_attribute_of_the_same_string_many_times(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5")
    many = ["A" * LONGEST, *["b" * 6] * 3900]
    with h5py.File(path, "r+") as file:
        file.attrs.create("many", many, dtype=h5py.string_dtype())
    data = path.read_bytes()
    length = re.escape(LONGEST.to_bytes(4, "little"))
    found = re.search(length + rb".{12}(?=\x06\0\0\0)", data, re.DOTALL)
    assert found is not None
    start, end = found.start(), found.start() + 16 * len(many)
    path.write_bytes(data[:start] + found[0] * len(many) + data[end:])
    assert len(re.findall(r"f\.h5 is damaged \(.*\): copy it again", said(path))) == 2


def started() -> set[str]:
    """Numbers of the processes that this one has started and not waited for."""
    return {
        pid
        for path in Path("/proc/self/task").glob("*/children")
        for pid in path.read_text().split()
    }


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are read from /proc")
def test_a_look_leaves_no_process_behind(tmp_path: Path) -> None:
    path, before = write_features(tmp_path / "f.h5"), started()
    with open_features(path):
        assert started() == before
    assert started() == before


def test_an_attribute_without_a_value(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["encoder"] = h5py.Empty("f4")
    assert said(path).count("f.h5 has the attribute encoder without a value: delete it.") == 2
