"""Encoding in worker threads, ahead of the writer."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from vrbench.errors import InputError, PluginError
from vrbench.features.tokens import Tokens
from vrbench.runtime.stopping import Stopped, waiting

T = TypeVar("T")

Outcome = Tokens | InputError
"""An encoded item, or why there is none."""

AHEAD = 2
"""Blocks for each thread that are read and encoded ahead of the next one to be written."""


def outcomes(
    encode: Callable[[T], Sequence[Outcome]], blocks: Iterable[T], threads: int | None = None
) -> Generator[Outcome]:
    """Yield the outcomes of each block, in order, while the next ones are being encoded.

    Close it (``contextlib.closing``) if it may not be read to its end: then its threads end.
    """
    cores = threads or os.cpu_count() or 1
    with _workers(cores) as pool:
        begun: deque[Future[Sequence[Outcome]]] = deque()
        for block in blocks:
            begun.append(pool.submit(encode, block))
            if len(begun) > AHEAD * cores:
                yield from _result(begun.popleft())
        while begun:
            yield from _result(begun.popleft())


def _result(block: Future[Sequence[Outcome]]) -> Sequence[Outcome]:
    """Wait for a block; one that is done is taken whatever signal came."""
    if not block.done():
        with waiting():
            wait([block])
    return block.result()


def attempt(encode: Callable[[], Tokens]) -> Outcome:
    """Return what ``encode`` gives, or the ``InputError`` that it raises.

    Raises:
        PluginError: the encoder is one from outside that fails.
    """
    try:
        return encode()
    except PluginError:
        raise
    except InputError as error:
        return error


@contextmanager
def _workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads; what ends the loop waits for items that are begun, a signal for none."""
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    except BaseException as error:
        pool.shutdown(wait=not isinstance(error, Stopped), cancel_futures=True)
        raise
    pool.shutdown()
