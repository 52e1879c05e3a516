"""Where tiles are worked on: threads with one BLAS thread each, or a GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from vrbench.runtime.backend import Backend, Done, Futures, Here, Key, Task

if TYPE_CHECKING:
    from torch import device


AHEAD = 8
"""Tiles of a thread that wait for it: a window of all would be looked through for each."""


class Pool(Backend):
    """A backend: threads with one BLAS thread each on the CPU; the caller's own thread on a GPU.

    Args:
        workers: threads; None: one a core.
        on: where products are made.
        alone: use the caller's own thread on the CPU too, for work of less than a few milliseconds.
    """

    def __init__(self, workers: int | None, on: device, *, alone: bool = False) -> None:
        self._n = workers or len(os.sched_getaffinity(0))
        self._alone = alone
        own = alone or on.type == "cuda"
        self.threads = None if own else ThreadPoolExecutor(self._n, initializer=_one_thread)

    def map(
        self, work: Callable[[Task], Done], tasks: Mapping[Key, Task]
    ) -> Iterator[tuple[Key, Done]]:
        """Yield each task's result as it comes."""
        where = Here() if self.threads is None else Futures(self.threads, AHEAD * self._n)
        return where.map(work, tasks)

    def __enter__(self) -> Pool:
        import torch

        self._before = torch.get_num_threads(), torch.get_float32_matmul_precision()
        # tf32 and its like would round the factors of a float32 product to 10 bits or fewer
        torch.set_float32_matmul_precision("highest")
        if self._alone:
            _one_thread()
        return self

    def __exit__(self, *_: object) -> None:
        import torch

        if self.threads is not None:
            self.threads.shutdown(cancel_futures=True)
        threads, precision = self._before
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
