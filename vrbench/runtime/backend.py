"""Where tasks are done: the one interface of threads, processes and clusters."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

Key = TypeVar("Key", bound=Hashable)
Task = TypeVar("Task")
Done = TypeVar("Done")
Submit = Callable[..., Future[Any]]
"""Submits a call: the function, then its arguments."""


class Backend(Protocol):
    """Does tasks, anywhere."""

    def map(
        self, work: Callable[[Task], Done], tasks: Mapping[Key, Task]
    ) -> Iterator[tuple[Key, Done]]:
        """Yield (key, ``work(task)``) of each task once, in any order, as they are done.

        Args:
            work: depends on nothing but its argument, and changes nothing.
            tasks: by key; one is taken from the mapping when it is begun.
        """


@dataclass(frozen=True, eq=False)
class Tasks(Mapping[Key, Task]):
    """Tasks that are made when they are begun.

    Attributes:
        order: the keys.
        make: makes the task of a key.
    """

    order: Sequence[Key]
    make: Callable[[Key], Task]

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Key]:
        return iter(self.order)

    def __getitem__(self, key: Key) -> Task:
        return self.make(key)


class Here:
    """The caller's own thread."""

    def map(
        self, work: Callable[[Task], Done], tasks: Mapping[Key, Task]
    ) -> Iterator[tuple[Key, Done]]:
        """Do one task after the other."""
        for key in tasks:
            yield key, work(tasks[key])


class Futures:
    """Any ``concurrent.futures.Executor``: threads, processes, loky, MPI, a cluster's.

    Args:
        executor: runs the tasks; for other processes work, tasks and results have to be picklable.
            Or how to submit one.
        window: tasks that are submitted before one of them is done.
        idle: called when nothing has been done for so many seconds, again and again; None: never.
    """

    def __init__(
        self,
        executor: Executor | Submit,
        window: int,
        idle: tuple[float, Callable[[], None]] | None = None,
    ) -> None:
        self._submit = executor.submit if isinstance(executor, Executor) else executor
        self._window = max(1, window)
        self._idle = idle

    def map(
        self, work: Callable[[Task], Done], tasks: Mapping[Key, Task]
    ) -> Iterator[tuple[Key, Done]]:
        """Submit tasks through the window; what is not begun is cancelled when one fails."""
        for key, future in self.futures(work, tasks):
            yield key, future.result()

    def futures(
        self, work: Callable[[Task], Done], tasks: Mapping[Key, Task]
    ) -> Iterator[tuple[Key, Future[Done]]]:
        """Yield the same as futures that are done, those of failed tasks among them."""
        waiting: dict[Future[Done], Key] = {}
        left = iter(tasks)
        try:
            while True:
                for key in islice(left, self._window - len(waiting)):
                    waiting[self._submit(work, tasks[key])] = key
                if not waiting:
                    return
                every = None if self._idle is None else self._idle[0]
                found = wait(waiting, every, return_when=FIRST_COMPLETED).done
                if not found and self._idle is not None:
                    self._idle[1]()
                for done in found:
                    yield waiting.pop(done), done
        finally:
            for future in waiting:
                future.cancel()


def in_order(keys: Iterable[Key], done: Iterable[tuple[Key, Done]]) -> Iterator[tuple[Key, Done]]:
    """Yield what is done in the order of the keys, so that sums over it have the same bits."""
    early: dict[Key, Done] = {}
    arriving = iter(done)
    for key in keys:
        while key not in early:
            arrived, found = next(arriving)
            early[arrived] = found
        yield key, early.pop(key)
