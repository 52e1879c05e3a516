"""Steps of which two run at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from itertools import islice
from threading import Event
from typing import TypeVar

from vrbench.runtime.progress import Progress

T = TypeVar("T")


def overlapping(steps: Sequence[Callable[[Progress], T]], progress: Progress | None) -> Iterator[T]:
    """Yield what steps return, in their order; the next one runs while one is waited for.

    Args:
        steps: are run in threads. Each tells how far it is; where nobody waits for it any more, as
            one before it has failed, it is ended as it does so.
        progress: is told the same.
    """
    ended = Event()

    def tell(what: str, done: int, total: int) -> None:
        if ended.is_set():
            raise CancelledError
        if progress:
            progress(what, done, total)

    left = iter(steps)
    pool = ThreadPoolExecutor(2)
    try:
        running: deque[Future[T]] = deque(pool.submit(step, tell) for step in islice(left, 2))
        while running:
            found = running.popleft().result()
            running.extend(pool.submit(step, tell) for step in islice(left, 1))
            yield found
    finally:
        ended.set()
        pool.shutdown(wait=False, cancel_futures=True)
