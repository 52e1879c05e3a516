"""Where an evaluation is computed: here, by processes on this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vrbench.errors import InputError
from vrbench.evaluation.fingerprint import fingerprint
from vrbench.runtime.backend import Backend
from vrbench.runtime.schedulers import local, remote


@contextmanager
def backend_of(
    processes: int | None, cluster: str | None, mixed: bool = False, given: object = None
) -> Iterator[Backend | None]:
    """Open what is asked for; None: this process.

    Args:
        processes: so many on this machine.
        cluster: address, or JSON file, of a Dask scheduler.
        mixed: whether workers that may compute other bits are taken, and named in results.
        given: similarity files, of which nothing is left to score.

    Raises:
        InputError: both are asked for, or one for similarities, Dask is not installed, or no worker
            is found.
    """
    if processes is not None and cluster is not None:
        raise InputError("--processes starts workers here and --cluster uses others: give one.")
    if given and (processes, cluster) != (None, None):
        raise InputError(
            "Similarities of --from-sim are scored already, and are measured here: leave "
            "--processes and --cluster out."
        )
    if processes is not None and processes < 1:
        raise InputError(f"processes must be at least 1, it is {processes}.")
    if mixed and cluster is None:
        raise InputError("--mixed is about the workers of --cluster: give that, too.")
    if cluster is not None:
        with remote(cluster, fingerprint, mixed) as backend:
            yield backend
    elif processes is not None:
        with local(processes, fingerprint) as backend:
            yield backend
    else:
        yield None
