"""Dask's schedulers: one that is started on this machine, or one that runs already."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.runtime.cluster import PATIENCE, Cluster
from vrbench.runtime.extras import needed
from vrbench.runtime.json_text import read_json
from vrbench.runtime.leftovers import temporary_folder
from vrbench.runtime.worker import Fingerprint

CONNECT = 10.0
"""Seconds in which a scheduler has to answer."""
DEATHS = 3
"""Workers here that a task may lose before it is done alone, and once more then."""


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
        temporary_folder() as folder,
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": DEATHS - 1,
                "temporary-directory": str(folder),
            }
        ),
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
        _greet(found)
        client = distributed.Client(found, timeout=CONNECT)
    except Exception as error:  # whatever an address gives that is none, or no scheduler's
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


def _greet(address: str) -> None:
    """Greet a scheduler, whose answer ``distributed.Client`` would wait for without end."""
    distributed = needed("distributed", "cluster")
    asking = distributed.Security().get_connection_args("client")

    async def greeting() -> None:
        async with distributed.rpc(address, connection_args=asking) as scheduler:
            await asyncio.wait_for(scheduler.identity(), CONNECT)

    with ThreadPoolExecutor(1) as thread:  # in this one a notebook's loop may be running
        thread.submit(asyncio.run, greeting()).result()


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
    for name in list(logging.root.manager.loggerDict):  # Dask gives several a level of their own
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed
