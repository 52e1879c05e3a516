"""Files put in the place of others: whole, on the disk, and nothing left beside them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vrbench import files, results
from vrbench.errors import InputError
from vrbench.files import remove_left_over, replacing
from vrbench.results import Result
from vrbench.sims.stored import spool

FULL = Path("/dev/full")

KILLED = """
import os, signal
from pathlib import Path
from vrbench.files import replacing
with replacing(Path("a.txt")) as part:
    part.write_text("unfinished")
    print(part, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


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


def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert names(tmp_path) == [done.stdout.strip()]
    with replacing(tmp_path / "b.txt"):
        pass
    assert names(tmp_path) == [done.stdout.strip(), "b.txt"], "of another file"
    with replacing(tmp_path / "a.txt") as part:
        part.write_text("whole")
    assert names(tmp_path) == ["a.txt", "b.txt"]


def test_what_may_belong_to_somebody_is_left(tmp_path: Path) -> None:
    path, here = tmp_path / "a.txt", files._machine()
    other = f"{int(here, 16) ^ 1:08x}"
    dead = (1 << 22) + 1  # more than a process's number can be
    kept = {
        f".a-1-{here}00000000.txt": "of a process that lives",
        f".a-{dead:x}-{other}00000000.txt": "of another machine",
        f".a-{dead:x}-{here}.txt": "somebody's own",
        f"a-{dead:x}-{here}00000000.txt": "not hidden",
        ".a-notes.txt": "somebody's own",
    }
    for name in (*kept, gone := f".a-{dead:x}-{here}00000000.txt"):
        (tmp_path / name).touch()
    with replacing(path) as part:
        remove_left_over(path)
        assert part.exists()
    assert names(tmp_path) == sorted([*kept, "a.txt"])
    assert gone not in names(tmp_path)


def test_a_result_comes_with_its_ranks_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.write_text

    def full(path: Path, text: str) -> int:
        whole(path, text[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match=r"r\.json cannot be written: No space left on device\."):
        results.save(Result({}, {"t2v": np.ones(3)}), tmp_path, "r")
    assert not names(tmp_path)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_matrix_that_cannot_be_kept_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: FULL.open("r+b", buffering=0))
    with pytest.raises(InputError, match=r"cannot be kept in .*: No space left .*set TMPDIR"):
        spool([np.ones((2, 3))])
