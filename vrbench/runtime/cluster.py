"""Processes on this machine or on a cluster, by Dask (extra ``cluster``)."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.runtime.backend import Backend, Done, Futures, Key, Submit, Task
from vrbench.runtime.extras import needed
from vrbench.runtime.json_text import read_json
from vrbench.runtime.submitted import LOOK, Submitted
from vrbench.runtime.worker import Fingerprint, Trusted, once

WINDOW = 3
"""Tasks a thread that are submitted: one is done, the next lies ready."""
PATIENCE = 60.0
"""Seconds without a worker after which a run is given up."""
CONNECT = 10.0
"""Seconds in which a scheduler has to answer."""
DEATHS = 3
"""Workers here that a task may lose before it is done alone, and once more then."""


@dataclass(eq=False)
class Cluster(Backend):
    """Workers of a Dask scheduler.

    Maps in several threads share the workers; tasks of the one that began first are done first.

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

    def __post_init__(self) -> None:
        self._alone: float | None = None
        self._submitted = Submitted(self._look)
        self._maps = count()

    @property
    def workers(self) -> int:
        """Threads of all workers; at least 1."""
        return max(1, sum(map(int, self.client.nthreads().values())))

    def map(
        self, work: Callable[[Task], Done], tasks: Mapping[Key, Task]
    ) -> Iterator[tuple[Key, Done]]:
        """Do tasks on workers; those of a worker that is lost are done again by others.

        A task that lost as many workers as the scheduler allows may only have stood in the queue of
        each. It is submitted once more when nothing else is, and is to blame if it loses these too.

        Raises:
            InputError: no worker is left, a task ends every worker that does it alone, or a worker
                is not to be trusted.
        """
        distributed = needed("distributed", "cluster")
        expected = None if self.mixed else once(self.fingerprint)
        trusted = Trusted(work, self.fingerprint, expected)
        executor = self.client.get_executor(pure=False)
        first = partial(executor.submit, priority=-next(self._maps))
        submit, window = partial(self._submitted.submit, first), WINDOW * self.workers
        for key, future in Futures(submit, window, (LOOK, self._look)).futures(trusted, tasks):
            try:
                found = future.result()
            except distributed.KilledWorker:
                found = self._again(first, trusted, tasks[key])
            name, self.seen[name], value = found
            self._alone = None
            yield key, value

    def _again(self, submit: Submit, work: Callable[[Task], Done], task: Task) -> Done:
        distributed = needed("distributed", "cluster")
        with self._submitted.alone():
            try:
                [(_, done)] = Futures(submit, 1, (LOOK, self._look)).map(work, {0: task})
            except distributed.KilledWorker as error:
                raise InputError(
                    f"{task} ended {error.allowed_failures + 1} workers while nothing else was "
                    f"done, the last one at {error.last_worker.address}: give workers more "
                    "memory, or bound it with --memory where the command has it."
                ) from error
        return done

    def _look(self) -> None:
        if self.client.scheduler_info()["workers"]:
            self._alone = None
            return
        self._alone = self._alone or time.monotonic()
        if time.monotonic() - self._alone > PATIENCE:
            raise InputError(f"There has been no worker for {PATIENCE:.0f} s: start some again.")

    def about(self) -> dict[str, Any]:
        """Return how many workers did tasks, and how many of each fingerprint, for a result."""
        seen = list(self.seen.values())
        kinds = Counter(tuple(sorted(found.items())) for found in seen)
        prints = [{"workers": n, **dict(kind)} for kind, n in kinds.most_common()]
        return {"workers": len(seen), "fingerprints": prints}


@contextmanager
def local(
    processes: int, fingerprint: Callable[[], Fingerprint], mixed: bool = False
) -> Iterator[Cluster]:
    """Start so many processes on this machine, with a thread each; they end with the context.

    Raises:
        InputError: Dask is not installed.
    """
    distributed = _configured()
    import dask

    _say_no_leaks()
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": DEATHS - 1}),
        _loop_without_interrupts() as loop,
        distributed.LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            processes=True,
            loop=loop,
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
    found = _found(address)
    # asked first: a client that fails for this is not closed by Dask, and may block a later one
    secure = found.startswith("tls://")
    if secure and not distributed.Security().get_connection_args("client").get("ssl_context"):
        raise InputError(
            f"{found} asks for certificates: name them in Dask's configuration "
            "(distributed.comm.tls), or give a tcp:// address."
        )
    try:
        client = distributed.Client(found, timeout=CONNECT)
    except (OSError, ValueError, TypeError, ImportError, RuntimeError) as error:
        raise InputError(  # also for a protocol, such as ucx, that is not installed here
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


def _found(address: str) -> str:
    """Return the scheduler's address, also where a file is given that holds it."""
    if "://" in address:
        return address
    if not Path(address).is_file():
        raise InputError(
            f"--cluster {address} is neither an address (tcp://HOST:PORT) nor a scheduler file."
        )
    remedy = "give the file that dask scheduler --scheduler-file writes"
    about = read_json(Path(address), remedy)
    found = about.get("address") if isinstance(about, dict) else None
    if not isinstance(found, str):
        raise InputError(f"{address} has no address of a scheduler: {remedy}.")
    return found


@contextmanager
def _loop_without_interrupts() -> Iterator[Any]:
    """Run the loop of Dask's thread, from which workers inherit that it blocks SIGINT.

    Ctrl-C reaches all processes of a terminal. The command ends its workers; one that took the
    signal as well would print a traceback.
    """
    from distributed.utils import LoopRunner

    runner: Any = LoopRunner(asynchronous=False)
    blocking = hasattr(signal, "pthread_sigmask")
    if blocking:
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # it would unblock SIGINT in the thread that starts it
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        runner.start()
    finally:
        if blocking:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield runner.loop
    finally:
        runner.stop()


def _say_no_leaks() -> None:
    """Keep multiprocessing's helper from warnings of its own where a signal ends the command."""
    given, ignored = os.environ.get("PYTHONWARNINGS", ""), "ignore:resource_tracker"
    if ignored not in given:
        os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (given, ignored)))


def _configured() -> Any:
    distributed = needed("distributed", "cluster")
    import logging

    import dask

    # arrays in memory travel with their block; what is known only here is no news to a user
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})
    with suppress(KeyError):
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return distributed
