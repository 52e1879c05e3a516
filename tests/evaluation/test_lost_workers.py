"""Workers that end, leave or were never there."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from cli_runs import refused
from small_features import write_features

from vrbench.errors import InputError
from vrbench.runtime import cluster, schedulers
from vrbench.runtime.cluster import Cluster
from vrbench.runtime.schedulers import local, remote

distributed: Any = pytest.importorskip("distributed")
HIDDEN = "127.0.0.1:0"


def by_process() -> dict[str, str]:
    return {"tile": str(os.getpid()), "numpy": "2"}


def test_what_cannot_be_reached_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedulers, "CONNECT", 1)
    monkeypatch.setattr(schedulers, "PATIENCE", 0.3)
    path = write_features(tmp_path / "f.h5")
    words = ("eval", path, "--out", tmp_path / "out")
    refused(*words, "--cluster", "tcp://127.0.0.1:9", says="No Dask scheduler answers at tcp")
    refused(*words, "--cluster", "ucx://127.0.0.1:9", says="No Dask scheduler answers at ucx")
    refused(*words, "--cluster", "no.json", says="neither an address .* nor a scheduler file")
    refused(*words, "--cluster", "tcp://x:1", "--processes", "2", says="give one")
    refused(*words, "--mixed", says="--mixed is about the workers of --cluster")
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=HIDDEN) as empty:
        says = "had no worker for 0 s: start some"
        refused(*words, "--cluster", empty.scheduler_address, says=says)
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_refused_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cluster, "map", untrusted)
    path = write_features(tmp_path / "f.h5")
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=HIDDEN) as one:
        words = ("eval", path, "--cluster", one.scheduler_address, "--out", tmp_path / "a" / "b")
        for more in ((), ("--no-matrix",)):
            refused(*words, *more, says="would compute other bits")
            assert [file.name for file in tmp_path.iterdir()] == ["f.h5"]


def untrusted(*_: Any) -> Any:
    raise InputError("The worker w would compute other bits.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "s.json is not JSON.*: give the file that dask scheduler --scheduler-file writes"),
        ("{}", "s.json has no address of a scheduler: give the file that dask scheduler"),
        ('{"address": 5}', "s.json has no address of a scheduler"),
        ("[]", "s.json has no address of a scheduler"),
        ('{"address": "tcp://127.0.0.1:9"}', "No Dask scheduler answers at .*s.json"),
        ('{"address": "tls://127.0.0.1:9"}', "tls://127.0.0.1:9 asks for certificates: name them"),
    ],
)
def test_what_is_no_scheduler_file_is_said(
    text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedulers, "CONNECT", 1)
    path, given = write_features(tmp_path / "f.h5"), tmp_path / "s.json"
    given.write_text(text)
    refused("eval", path, "--out", tmp_path / "out", "--cluster", given, says=says)


class Deadly(str):
    """A file; each time it is done, it ends its worker, until the file has so many lines."""

    most: int

    def __new__(cls, path: Path, most: int) -> Deadly:
        made = super().__new__(cls, path)
        made.most = most
        return made

    def __getnewargs__(self) -> tuple[str, int]:  # type: ignore[override]
        return str(self), self.most


def dies(task: Deadly) -> int:
    """Add a line, then die or return how often the task was begun."""
    with Path(task).open("a") as file:
        file.write("begun\n")
    begun = len(Path(task).read_text().splitlines())
    if begun <= task.most:
        os.kill(os.getpid(), signal.SIGKILL)
    return begun


def test_only_a_task_that_ends_workers_alone_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was lost as often as Dask allows may only have been on workers that were killed."""
    monkeypatch.setattr(schedulers, "DEATHS", 1)
    monkeypatch.setattr(cluster, "PATIENCE", 600)  # a process takes its time on a busy machine
    with local(2, by_process) as backend:
        backend.mixed = True
        unlucky = {i: Deadly(tmp_path / str(i), i == 1) for i in range(6)}
        assert dict(backend.map(dies, unlucky)).keys() == unlucky.keys()
        assert len((tmp_path / "1").read_text().splitlines()) == 2
        bad = {"fine": Deadly(tmp_path / "fine", 0), "bad": Deadly(tmp_path / "bad", 99)}
        says = r"/bad ended 1 workers while nothing else was done, the last one at tcp"
        with pytest.raises(InputError, match=says):
            list(backend.map(dies, bad))
        assert len((tmp_path / "bad").read_text().splitlines()) == 2
        assert list(backend.map(abs, {0: -1})) == [(0, 1)], "the others go on"


def test_a_cluster_whose_workers_all_leave_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    monkeypatch.setattr(cluster, "LOOK", 0.1)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=HIDDEN
        ) as running,
        remote(running.scheduler_address, by_process) as backend,
    ):
        assert list(backend.map(abs, {"a": -1})) == [("a", 1)]
        running.scale(0)
        while backend.client.scheduler_info()["workers"]:
            time.sleep(0.05)
        with pytest.raises(InputError, match="no worker for 0 s"):
            list(backend.map(abs, {"a": -1}))


def interrupted(_: int) -> int:
    """Take a Ctrl-C, as all processes of a terminal do, and say who is still there."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.5)
    return os.getpid()


def test_an_interrupt_is_left_to_the_command_that_ends_its_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with local(1, by_process, mixed=True) as backend:
        found = dict(backend.map(interrupted, {0: 0, 1: 1}))
    assert not list(tmp_path.iterdir()), "nothing of Dask's is left"
    assert found[0] == found[1]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
