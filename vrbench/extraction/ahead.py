"""Encoding in worker threads, ahead of the writer."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from vrbench.errors import InputError
from vrbench.features.tokens import Tokens

T = TypeVar("T")

Outcome = Tokens | InputError
"""An encoded item, or why there is none."""

AHEAD = 2
"""Blocks for each thread that are read and encoded ahead of the next one to be written."""


def outcomes(
    encode: Callable[[T], Sequence[Outcome]], blocks: Iterable[T], threads: int | None = None
) -> Iterator[Outcome]:
    """Yield the outcomes of each block, in order, while the next ones are being encoded."""
    cores = threads or os.cpu_count() or 1
    with _workers(cores) as pool:
        begun: deque[Future[Sequence[Outcome]]] = deque()
        for block in blocks:
            begun.append(pool.submit(encode, block))
            if len(begun) > AHEAD * cores:
                yield from begun.popleft().result()
        while begun:
            yield from begun.popleft().result()


def attempt(encode: Callable[[], Tokens]) -> Outcome:
    """Return what ``encode`` gives, or the ``InputError`` that it raises."""
    try:
        return encode()
    except InputError as error:
        return error


@contextmanager
def _workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads; an exception does not wait for items that are not begun."""
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
