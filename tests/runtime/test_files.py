"""Files put in the place of others: whole, on the disk, and nothing left beside them."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vrbench import results
from vrbench.errors import InputError
from vrbench.results.result import Result
from vrbench.runtime import files
from vrbench.runtime.files import filling, replacing
from vrbench.sims.stored import spool

FULL = Path("/dev/full")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("call", ["fsync", "close", "replace", "write"])
def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def write() -> None:
        with replacing(path) as part:
            part.write_text("new")
            if call == "write":
                fail()
            monkeypatch.setattr(f"pathlib.Path.{call}" if call == "replace" else f"os.{call}", fail)

    with pytest.raises(InputError, match=r"a\.txt cannot be written: Input/output error\."):
        write()
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_the_file_and_its_name_reach_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[Path] = []
    monkeypatch.setattr(files, "reach_disk", reached.append)
    with replacing(tmp_path / "a.txt") as part:
        part.write_text("new")
        assert not reached
    assert reached == [part, tmp_path]


def test_a_folder_that_knows_no_fsync_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", unknown)
    files.reach_disk(tmp_path)


def test_a_result_comes_with_its_ranks_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.write_text

    def full(path: Path, text: str) -> int:
        whole(path, text[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    nothing: Any = {}
    with pytest.raises(InputError, match=r"r\.json cannot be written: No space left on device\."):
        results.save(Result(nothing, {"t2v": np.ones(3)}), tmp_path, "r")
    assert not names(tmp_path)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_matrix_that_cannot_be_kept_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: FULL.open("r+b", buffering=0))
    with pytest.raises(InputError, match=r"cannot be kept in .*: No space left .*set TMPDIR"):
        spool([np.ones((2, 3))])


@pytest.mark.parametrize("file", [None, "b/some.txt", "a.txt"])
def test_a_folder_made_for_work_that_fails_stays_if_it_has_a_file(
    tmp_path: Path, file: str | None
) -> None:
    with suppress(ValueError), filling(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
        if file:
            (tmp_path / "a" / file).touch()
        raise ValueError
    assert (tmp_path / "a").exists() == (file is not None)
    assert (tmp_path / "a" / "b").exists() == (file == "b/some.txt")


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    with suppress(ValueError), filling(tmp_path):
        raise ValueError
    with filling(None), filling(tmp_path / "new"):
        (tmp_path / "new" / "file").touch()
    assert (tmp_path / "new" / "file").exists()


def test_a_folder_that_can_be_made_but_not_written_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(InputError, match="cannot be written: No space"), filling(tmp_path / "a"):
        pass
    assert not names(tmp_path)
