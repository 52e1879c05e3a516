"""What runs in a worker around each task, and what it may ask there."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic

from vrbench.errors import InputError
from vrbench.runtime.backend import Done, Task

Fingerprint = Mapping[str, str]
"""What decides the bits that a process computes: versions, and digests of small results."""


@dataclass(frozen=True)
class Trusted(Generic[Task, Done]):
    """A task's work, done only where numbers have the same bits.

    Attributes:
        work: what is done.
        fingerprint: computes that of the process that it runs in.
        expected: that of the client; None: any is taken, and reported.
    """

    work: Callable[[Task], Done]
    fingerprint: Callable[[], Fingerprint]
    expected: Fingerprint | None

    def __call__(self, task: Task) -> tuple[str, Fingerprint, Done]:
        """Return the worker's name and fingerprint, and what is done.

        Raises:
            InputError: the fingerprint is another one.
        """
        name = f"{socket.gethostname()}:{os.getpid()}"
        mine = once(self.fingerprint)
        if self.expected is not None and mine != self.expected:
            raise InputError(different(name, mine, self.expected))
        return name, mine, self.work(task)


@cache
def once(fingerprint: Callable[[], Fingerprint]) -> Fingerprint:
    """Return this process's fingerprint, which is computed once."""
    return fingerprint()


def different(name: str, mine: Fingerprint, expected: Fingerprint) -> str:
    """Return the sentence that refuses a worker."""
    other = [key for key in {**expected, **mine} if mine.get(key) != expected.get(key)]
    said = ", ".join(f"{key} {mine.get(key)} and not {expected.get(key)}" for key in other)
    return (
        f"The worker {name} would compute other bits ({said}): give all machines the same "
        "packages, numba among them, and one MKL_CBWR (such as AVX2), NUMBA_CPU_NAME (such as "
        "haswell), NUMBA_DISABLE_JIT and NPY_DISABLE_CPU_FEATURES in the environment, or take it "
        "with --mixed."
    )


def unseen(path: Path | str, error: OSError) -> InputError:
    """Return what is said where a worker does not find what the client names."""
    return InputError(
        f"The worker on {socket.gethostname()} cannot see {path} ({error.strerror}): put it where "
        "all workers see it under the same path."
    )


def see(*paths: Path) -> None:
    """Check that this worker finds what the client names.

    Raises:
        InputError: one of them is not there.
    """
    for path in paths:
        try:
            path.stat()
        except OSError as error:
            raise unseen(path, error) from error


def asked_for() -> bool:
    """Whether a client still waits for the task that this thread is doing; True outside of Dask."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return True
    try:
        worker = distributed.get_worker()
        task = worker.state.tasks.get(worker.get_current_task())
    except (ValueError, AttributeError):
        return True
    return task is not None and task.state != "cancelled"
