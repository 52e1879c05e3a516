"""A file that changes by whole commits: what stands in it after a death at any write."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vrbench.errors import InputError
from vrbench.features import commits, open_features
from vrbench.features import log as logs
from vrbench.features.commits import Committed
from vrbench.features.hdf5 import why_not_opened
from vrbench.features.log import PAGE, is_unsettled

OLD = bytes(range(256)) * 60
"""Not a whole number of pages."""

CHANGES = ((5, b"a" * 10), (PAGE - 3, b"b" * 7), (len(OLD) - 2, b"c" * 9000), (0, b"d"))


class Died(BaseException):
    """The process did, at a write."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "f").write_bytes(OLD)
    return tmp_path / "f"


def change(file: Committed) -> bytes:
    """Write the changes, and return what the file is to hold."""
    new = bytearray(OLD)
    for place, data in CHANGES:
        file.seek(place)
        assert file.write(memoryview(data)) == len(data)
        new[place : place + len(data)] = data
    return bytes(new)


def deaths(monkeypatch: pytest.MonkeyPatch, at: int, half: bool, how: BaseException) -> None:
    """Let the ``at``-th change of the disk fail, with half of it done if it is a write."""
    real_write, real_truncate, left = os.pwrite, os.ftruncate, iter(range(at))

    def pwrite(file: int, data: bytes, start: int) -> int:
        if next(left, None) is not None:
            return real_write(file, data, start)
        if half:
            real_write(file, data[: len(data) // 2], start)
        raise how

    def ftruncate(file: int, size: int) -> None:
        if next(left, None) is None:
            raise how
        real_truncate(file, size)

    monkeypatch.setattr(os, "pwrite", pwrite)
    monkeypatch.setattr(os, "ftruncate", ftruncate)


def test_nothing_changes_before_a_commit(path: Path) -> None:
    file = Committed(path)
    new = change(file)
    file.flush()
    assert path.read_bytes() == OLD
    found = bytearray(len(new))
    assert file.seek(0, os.SEEK_END) == len(new)
    file.seek(0)
    file.readinto(memoryview(found))
    assert bytes(found) == new
    file.commit()
    assert path.read_bytes() == new
    file.truncate(100)
    file.commit()
    file.close()
    assert path.read_bytes() == new[:100]


def test_what_is_not_committed_is_forgotten(path: Path) -> None:
    file = Committed(path)
    change(file)
    file.close()
    assert path.read_bytes() == OLD


@pytest.mark.parametrize("half", [False, True])
def test_a_death_at_any_write(path: Path, monkeypatch: pytest.MonkeyPatch, half: bool) -> None:
    """Before the log is whole the file is the old one, then the new one once it is opened."""
    seen = []
    for at in range(20):
        path.write_bytes(OLD)
        file = Committed(path)
        new = change(file)
        with monkeypatch.context() as patch:
            deaths(patch, at, half, Died())
            try:
                file.commit()
            except Died:
                pass
            else:
                break
        file.close()
        unsettled = is_unsettled(path)
        Committed(path).close()
        now = path.read_bytes()
        assert not is_unsettled(path)
        assert now[: len(new)] == new if unsettled else now[: len(OLD)] == OLD
        seen.append(unsettled)
    assert seen == sorted(seen)
    assert {*seen} == {False, True}


def test_after_a_failure_nothing_is_committed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second log must not go over the first, which is needed."""
    file = Committed(path)
    new = change(file)
    with monkeypatch.context() as patch:
        deaths(patch, 4, False, OSError(5, "Input/output error"))
        with pytest.raises(OSError, match="Input/output"):
            file.commit()
    with pytest.raises(OSError, match="Input/output"):
        file.commit()
    file.close()
    assert is_unsettled(path)
    Committed(path).close()
    assert path.read_bytes() == new


def test_what_cannot_be_read_is_said_by_the_commit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Committed(path)

    def unreadable(*_: int) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", unreadable)
        file.readinto(memoryview(bytearray(10)))
    change(file)
    with pytest.raises(OSError, match="Input/output"):
        file.commit()
    file.close()
    assert path.read_bytes() == OLD


def log(*runs: tuple[int, int, bytes], check: int | None = None) -> bytes:
    body = b"".join(logs._RUN.pack(start, length) + data for start, length, data in runs)
    return body + logs._END.pack(
        len(body), zlib.crc32(body) if check is None else check, logs._MARK
    )


@pytest.mark.parametrize(
    "end",
    [
        log((0, 4, b"evil"), check=1),
        log((1 << 60, 4, b"evil")),
        log((len(OLD) + 2 * PAGE, 4, b"evil")),
        log((0, 4, b"evil"), (0, 4, b""))[1:],
        logs._END.pack(1 << 60, 0, logs._MARK),
    ],
)
def test_what_is_no_log_is_not_carried_out(path: Path, end: bytes) -> None:
    path.write_bytes(OLD + end)
    Committed(path).close()
    assert path.read_bytes() == OLD + end


def test_one_writer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Committed(path)
    with pytest.raises(BlockingIOError) as caught:
        Committed(path)
    assert "is locked by another process" in why_not_opened(path, caught.value)
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "FALSE")
    Committed(path).close()
    file.close()
    file.close()


def test_a_reader_waits_for_the_writer_that_settles_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from carry_on import carry_on

    path = tmp_path / "f.h5"
    carry_on(path)
    whole = path.read_bytes()
    body = np.frombuffer(whole[:PAGE], np.uint8).tobytes()
    path.write_bytes(b"\0" * PAGE + whole[PAGE:] + log((0, PAGE, body)))
    with pytest.raises(InputError, match=r"f\.h5 is being written, or was when its process ended"):
        open_features(path)
    carry_on(path)
    assert path.read_bytes() == whole


def test_the_disk_is_asked_once_for_each_commit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(os, "fsync", asked.append)
    file = Committed(path)
    file.reach_disk()
    assert not asked
    change(file)
    for _ in range(2):
        file.commit()
        file.reach_disk()
    file.close()
    assert len(asked) == 1


def test_a_file_that_is_replaced_before_it_is_locked_is_not_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = path.with_name("other")
    other.write_bytes(OLD)
    monkeypatch.setattr(commits, "_lock", lambda _: other.replace(path))
    with pytest.raises(BlockingIOError):
        Committed(path)
