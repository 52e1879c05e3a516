"""Processes on this machine or on a cluster, by Dask (extra ``cluster``)."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic

from vrbench.errors import InputError
from vrbench.runtime.backend import Backend, Done, Futures, Key, Task
from vrbench.runtime.extras import needed

WINDOW = 3
"""Tasks a thread that are submitted: one is done, the next lies ready."""
PATIENCE = 60.0
"""Seconds without a worker after which a run is given up."""
CONNECT = 10.0
"""Seconds in which a scheduler has to answer."""
LOOK = 2.0
"""Seconds after which it is looked whether there still is one."""

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
        mine = _once(self.fingerprint)
        if self.expected is not None and mine != self.expected:
            raise InputError(different(name, mine, self.expected))
        return name, mine, self.work(task)


@cache
def _once(fingerprint: Callable[[], Fingerprint]) -> Fingerprint:
    return fingerprint()


def different(name: str, mine: Fingerprint, expected: Fingerprint) -> str:
    """Return the sentence that refuses a worker."""
    other = [key for key in {**expected, **mine} if mine.get(key) != expected.get(key)]
    said = ", ".join(f"{key} {mine.get(key)} and not {expected.get(key)}" for key in other)
    return (
        f"The worker {name} would compute other bits ({said}): give all machines the same "
        "packages, and one MKL_CBWR (such as AVX2), NUMBA_CPU_NAME (such as haswell) and "
        "NPY_DISABLE_CPU_FEATURES in the environment, or take it with --mixed."
    )


@dataclass(eq=False)
class Cluster(Backend):
    """Workers of a Dask scheduler.

    Attributes:
        client: a ``distributed.Client``.
        fingerprint: see ``Trusted``; a function that workers can import.
        mixed: whether workers of another fingerprint are taken.
        seen: the fingerprint of each worker that did a task, by name.
    """

    client: Any
    fingerprint: Callable[[], Fingerprint]
    mixed: bool = False
    seen: dict[str, Fingerprint] = field(default_factory=dict)
    _alone: float | None = None

    @property
    def workers(self) -> int:
        """Threads of all workers; at least 1."""
        return max(1, sum(map(int, self.client.nthreads().values())))

    def map(
        self, work: Callable[[Task], Done], tasks: Mapping[Key, Task]
    ) -> Iterator[tuple[Key, Done]]:
        """Do tasks on workers; those of a worker that is lost are done again by others.

        Raises:
            InputError: no worker is left, a task ends every worker that does it, or a worker is not
                to be trusted.
        """
        expected = None if self.mixed else _once(self.fingerprint)
        trusted = Trusted(work, self.fingerprint, expected)
        window = WINDOW * self.workers
        submitted = Futures(self.client.get_executor(pure=False), window, (LOOK, self._look))
        for key, future in submitted.futures(trusted, tasks):
            with _failures(tasks, key):
                name, self.seen[name], value = future.result()
            self._alone = None
            yield key, value

    def _look(self) -> None:
        if self.client.scheduler_info()["workers"]:
            self._alone = None
            return
        self._alone = self._alone or time.monotonic()
        if time.monotonic() - self._alone > PATIENCE:
            raise InputError(f"There has been no worker for {PATIENCE:.0f} s: start some again.")

    def about(self) -> dict[str, Any]:
        """Return how many workers did tasks, and how many of each fingerprint, for a result."""
        kinds = Counter(tuple(sorted(found.items())) for found in self.seen.values())
        prints = [{"workers": n, **dict(kind)} for kind, n in kinds.most_common()]
        return {"workers": len(self.seen), "fingerprints": prints}


@contextmanager
def _failures(tasks: Mapping[Key, Any], key: Key) -> Iterator[None]:
    """Say in one sentence, naming the task, what Dask raises."""
    distributed = needed("distributed", "cluster")
    try:
        yield
    except distributed.KilledWorker as error:
        raise InputError(
            f"{tasks[key]} ended {error.allowed_failures + 1} workers, the last one at "
            f"{error.last_worker.address}: give them more memory, or bound it with --memory."
        ) from error


@contextmanager
def local(
    processes: int, fingerprint: Callable[[], Fingerprint], mixed: bool = False
) -> Iterator[Cluster]:
    """Start so many processes on this machine, with a thread each; they end with the context.

    Raises:
        InputError: Dask is not installed.
    """
    distributed = _configured()
    with (
        distributed.LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            memory_limit=None,
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield Cluster(client, fingerprint, mixed)


@contextmanager
def remote(
    address: str, fingerprint: Callable[[], Fingerprint], mixed: bool = False
) -> Iterator[Cluster]:
    """Use the workers of a scheduler.

    Args:
        address: ``tcp://HOST:PORT``, or the scheduler's JSON file.
        fingerprint: see ``Trusted``.
        mixed: whether workers of another fingerprint are taken.

    Raises:
        InputError: Dask is not installed, there is no scheduler, or it has no worker.
    """
    distributed = _configured()
    where = {"address": address}
    if "://" not in address:
        if not Path(address).is_file():
            raise InputError(
                f"--cluster {address} is neither an address (tcp://HOST:PORT) nor a scheduler file."
            )
        where = {"scheduler_file": address}
    try:
        client = distributed.Client(**where, timeout=CONNECT)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at {address}: start one with dask scheduler, and workers "
            "with dask worker."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise InputError(
                f"The scheduler at {address} had no worker for {PATIENCE:.0f} s: start some with "
                "dask worker."
            ) from error
        yield Cluster(client, fingerprint, mixed)


def _configured() -> Any:
    distributed = needed("distributed", "cluster")
    import logging

    import dask

    # arrays in memory travel with their block; what is known only here is no news to a user
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})
    with suppress(KeyError):
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return distributed
