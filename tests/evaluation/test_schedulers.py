"""Schedulers that end, are silent, or are none, and machines that lack what they are sent."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from vrbench.errors import InputError
from vrbench.runtime import cluster, schedulers
from vrbench.runtime.schedulers import remote

distributed: Any = pytest.importorskip("distributed")

RUNNING = """
import distributed
if __name__ == "__main__":
    where = "127.0.0.1:0"
    kind = dict(n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://")
    with distributed.LocalCluster(**kind, dashboard_address=where) as running:
        print(running.scheduler_address, flush=True)
        input()
"""


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (signal.SIGKILL, "The scheduler at tcp.* has ended: start it again"),
        (signal.SIGSTOP, "The scheduler at tcp.* has not answered for 1 s: start it again"),
    ],
)
def test_a_scheduler_that_ends_or_is_silent_in_the_middle_is_one_sentence(
    sent: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    monkeypatch.setattr(cluster, "LOOK", 0.1)
    with running(sys.path) as process, remote(first_line(process), by_versions) as backend:
        work = backend.map(slow, dict.fromkeys(range(9), 0.2))
        next(work)
        process.send_signal(sent)
        with pytest.raises(InputError, match=says):
            list(work)


def test_a_notebook_uses_a_cluster_too() -> None:
    async def cell() -> list[tuple[str, int]]:
        with running(sys.path) as process, remote(first_line(process), by_versions) as backend:
            return list(backend.map(abs, {"a": -1}))

    assert asyncio.run(cell()) == [("a", 1)]


def test_a_cluster_without_what_is_sent_is_said() -> None:
    with running([]) as process, remote(first_line(process), by_versions) as backend:
        says = "The machines of tcp.* cannot read what they are sent .*: install the same vrbench"
        with pytest.raises(InputError, match=says):
            list(backend.map(abs, {"a": -1}))


@contextmanager
def running(path: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a scheduler and a worker that import from a path, in another process."""
    with subprocess.Popen(
        [sys.executable, "-c", RUNNING],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def by_versions() -> dict[str, str]:
    return {"numpy": "2"}


def slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_what_answers_and_is_no_scheduler_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedulers, "CONNECT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        says = f"No Dask scheduler answers at {address}: start one"
        with pytest.raises(InputError, match=says), remote(address, by_versions):
            pass
        speaker = threading.Thread(target=speak, args=(silent,))
        speaker.start()
        with pytest.raises(InputError, match=says), remote(address, by_versions):
            pass
    speaker.join()


def speak(server: socket.socket) -> None:
    """Answer those that connect as a web server would."""
    with suppress(OSError):
        for _ in range(2):
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.0 400 Bad request\r\n\r\n" + bytes(64))
