"""What begins with a dot is nobody's data, and what a dead process left is removed by the next."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import prepared
import pytest
from cli_runs import run
from small_features import write_features

from vrbench.datasets.files import Folder
from vrbench.encoders.checkpoint import weights_files
from vrbench.errors import InputError
from vrbench.importing import read_arrays
from vrbench.runtime.files import filling, remove_unfinished, replacing
from vrbench.runtime.leftovers import beside, remove_left_over, temporary_folder

EVAL = ("eval", "f.h5", "--method", "global", "--method", "max-avg", "--out", "r")

KILLED = """
import os, signal, sys
from pathlib import Path
from vrbench.cli import main
replace, ending = Path.replace, sys.argv[1]
def kill(self, target):
    if str(target).endswith(ending):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = kill
sys.argv = ["vrbench", *sys.argv[2:]]
main()
"""
"""A command that is killed just before it renames a temporary file to one with this ending."""


def killed(ending: str, *words: str) -> None:
    assert prepared.start([ending, *words], code=KILLED).wait() == -signal.SIGKILL


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_what_a_killed_run_left_is_no_result_and_the_next_run_removes_it(
    place: Path, ending: str
) -> None:
    assert run(*EVAL).code == 0
    killed(ending, *EVAL, "--overwrite")
    ghosts = hidden(place / "r")
    assert ghosts
    assert all(ghost.stat().st_size for ghost in ghosts)
    assert run("table", "--results", "r", "--format", "csv").out.count("R@10") == 4
    report = run("report", "r", "--out", "p.html")
    assert (report.code, report.err) == (0, "")
    assert "2 results of" in Path("p.html").read_text()
    assert "c ->" not in run("compare", "r", "--draws", "39").out
    assert hidden(place / "r") == ghosts, "reading removes nothing"
    assert run(*EVAL).code == 0, "even if every result exists"
    assert hidden(place / "r") == []


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("o.h5", ("import", "a.npz", "--out", "o.h5")),
        ("o.npz", ("eval", "f.h5", "--method", "global", "--save-sim", "o.npz")),
        ("o.v2t.run", ("eval", "f.h5", "--method", "global", "--run", "o")),
        ("o.html", ("report", "r", "--out", "o.html")),
        (".csv", ("plot", "ranks", "f.h5", "--out", ".")),
    ],
)
def test_every_writer_removes_what_was_left_of_it(
    place: Path, ending: str, words: tuple[str, ...]
) -> None:
    np.savez("a.npz", video=np.eye(3), text=np.eye(3))
    assert run(*EVAL).code == 0
    killed(ending, *words)
    assert len(hidden(place)) == 1
    done = run(*words)
    assert done.code == 0, done.err
    assert hidden(place) == []


def renamed(path: Path, part: int, value: str) -> Path:
    """Create a temporary file that names another machine, process or start."""
    parts = path.name.split("-")
    parts[part] = value
    return path.with_name("-".join(parts))


def test_only_what_a_dead_process_of_this_machine_left_is_removed(tmp_path: Path) -> None:
    own, other = beside(tmp_path / "a.json"), beside(tmp_path / "b.npz")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = [
        own,
        renamed(own, 1, "00000000"),
        *(tmp_path / name for name in (".a-12345678.json", ".vrbench-x.json", ".DS_Store", "a")),
    ]
    gone = [
        renamed(other, 2, str(dead.pid)),
        renamed(other, 3, "1"),  # this process's number, but begun at another time
        renamed(renamed(other, 2, str(dead.pid)), 3, "0"),  # of a system that does not say when
    ]
    for path in (*kept, *gone):
        path.touch()
    folder = renamed(beside(tmp_path / "d"), 3, "1")
    folder.mkdir()
    with filling(tmp_path):
        pass
    assert sorted(tmp_path.iterdir()) == sorted([*kept, folder])
    remove_left_over(tmp_path / "missing")


def test_a_temporary_folder_goes_with_all_that_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = renamed(beside(tmp_path / "d"), 3, "1")
    left.mkdir()
    (left / "a").touch()
    with temporary_folder() as folder:
        assert list(tmp_path.iterdir()) == [folder]
        (folder / "b").touch()
        with temporary_folder() as other:
            (other / "c").touch()
            remove_unfinished()  # as a signal does
        assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with temporary_folder() as folder:
        assert not folder.exists()


def test_a_live_process_keeps_what_it_writes(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.json") as mine:
        mine.write_text("1")
        with replacing(tmp_path / "b.json") as other:
            other.write_text("2")
    assert (tmp_path / "a.json").read_text() == "1"
    code = "from vrbench.runtime.leftovers import *; remove_left_over(Path('.'))"
    temporary = beside(tmp_path / "c.json")
    temporary.touch()
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert temporary.exists()


def test_a_long_name_of_a_file_leaves_room_for_its_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250 + ".json")
    with replacing(path) as temporary:
        temporary.write_text("1")
    assert path.read_text() == "1"


def test_a_process_that_waits_to_be_reaped_is_dead(tmp_path: Path) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    code = "from vrbench.runtime.leftovers import *; beside(Path('x').absolute()).touch()"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert len(hidden(tmp_path)) == 1
    remove_left_over(tmp_path)
    assert hidden(tmp_path) == []
    child.wait()


def test_hidden_arrays_are_not_read(tmp_path: Path) -> None:
    for side in ("video", "text"):
        (tmp_path / side).mkdir()
        for i in range(3):
            np.save(tmp_path / side / f"v{i}.npy", np.eye(3)[: i + 1])
        (tmp_path / side / "._v0.npy").write_bytes(b"junk")
        (tmp_path / side / ".DS_Store").write_bytes(b"junk")
    np.save(tmp_path / ".text_global.npy", np.eye(3))
    (tmp_path / "._video_global.npy").write_bytes(b"junk")
    arrays = read_arrays(tmp_path)
    assert arrays.sides["video"].ids.tolist() == ["v0", "v1", "v2"]
    assert not any("global" in note for note in arrays.notes)


def test_hidden_archives_and_weights_are_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.json", "[1]")
    for name in ("._a.zip", "._model.safetensors", ".pt"):
        (tmp_path / name).write_bytes(b"junk")
    assert Folder(tmp_path).has("x.json")
    (tmp_path / "model.safetensors").touch()
    assert weights_files(tmp_path) == [tmp_path / "model.safetensors"]


def test_hidden_frames_and_videos_are_not_read(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    from toy_videos import write_videos

    from vrbench.video import open_videos, parse_sampling

    write_videos(tmp_path, ["a", "b"])
    (tmp_path / "a" / "._f000.png").write_bytes(b"junk")
    (tmp_path / "._v.mp4").write_bytes(b"junk")
    shutil.copytree(tmp_path / "b", tmp_path / ".trash" / "c")
    videos = open_videos(tmp_path, parse_sampling("all"))
    assert len(videos.read("a").images) == 3
    with pytest.raises(InputError, match="is not there"):
        videos.read("._v")
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / ".trash").mkdir()
    (tmp_path / "a" / "f000.png").rename(tmp_path / "only" / ".trash" / "f.png")
    with pytest.raises(InputError, match="holds no video"):
        open_videos(tmp_path / "only", parse_sampling("all"))


def test_a_dataset_whose_name_begins_with_a_dot_has_results_that_are_seen(place: Path) -> None:
    write_features(place / "g.h5")
    import h5py

    with h5py.File("g.h5", "a") as file:
        file.attrs["dataset"] = ".hidden"
    assert run("eval", "g.h5", "--out", "r").code == 0
    assert "hidden" in run("table", "--results", "r").out
