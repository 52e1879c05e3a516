"""The tasks that a cluster's workers have been given: counted, so that one can be done alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from vrbench.runtime.backend import Submit

LOOK = 2.0
"""Seconds after which it is looked whether there still is a worker."""


class Submitted:
    """How many tasks of all maps are submitted and not done."""

    def __init__(self, waiting: Callable[[], None]) -> None:
        self._changed, self._waiting = threading.Condition(), waiting
        self._submitted, self._closed = 0, False

    def submit(self, submit: Submit, *args: Any) -> Future[Any]:
        """Submit a task, unless one is being done alone: then after it."""
        self._when(lambda: not self._closed, submitted=1)
        future = submit(*args)
        future.add_done_callback(lambda _: self._set(submitted=-1))
        return future

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no task is submitted, and let none be until the context ends."""
        self._when(lambda: not self._closed, closed=True)
        try:
            self._when(lambda: not self._submitted, closed=True)
            yield
        finally:
            self._set(closed=False)

    def _when(self, free: Callable[[], bool], **change: Any) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(free, LOOK):
                    self._set(**change)
                    return
            self._waiting()  # without the lock: Dask's thread takes it where a task is done

    def _set(self, closed: bool | None = None, submitted: int = 0) -> None:
        with self._changed:
            self._closed = self._closed if closed is None else closed
            self._submitted += submitted
            self._changed.notify_all()
