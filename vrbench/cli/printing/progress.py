"""Progress of a command, on stderr."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING

from vrbench.cli.app import note
from vrbench.runtime.printable import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, Task, TaskID

PAUSE = 30.0
"""Seconds between two lines where there is no terminal to draw bars on."""

ENOUGH, AFTER = 4, 1.0
"""Reports and seconds from which on a rate says more than how long the first item took."""


class Bars:
    """A bar for each thing that is counted, with its rate and the time left.

    Work without parts (1 in all) has a bar while it lasts. Call it with (what, done, total).
    Where stderr is a file, a line every ``PAUSE`` seconds.
    """

    def __init__(self) -> None:
        from rich.console import Console

        console = Console(stderr=True)
        self._plain = not console.is_terminal
        self._progress = _progress(console)
        self._tasks: dict[str, TaskID] = {}
        self._said = time.monotonic()

    def tell(self, what: str, said: str) -> None:
        """Write something behind the name of a bar."""
        if what in self._tasks:
            self._progress.update(self._tasks[what], description=f"{what} {said}")

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total, reports=0)
        number = self._tasks[what]
        [task] = [one for one in self._progress.tasks if one.id == number]
        self._progress.update(number, completed=done, reports=task.fields["reports"] + 1)
        if self._plain and time.monotonic() - self._said > PAUSE:
            self._said = time.monotonic()
            note(_line(task))
        if done == total == 1:
            self._progress.remove_task(self._tasks.pop(what))

    def __enter__(self) -> Bars:
        if not self._plain:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._plain:  # else it ends a line that was never begun
            self._progress.stop()


def bars(quiet: bool) -> AbstractContextManager[Bars | None]:
    """Return bars to enter, or nothing where the command is to be quiet."""
    return nullcontext() if quiet else Bars()


def _progress(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    class What(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(one_line(task.description))

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(", ".join(filter(None, (_rate(task), _left(task)))))

    columns = (What(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), Rate())
    return Progress(*columns, console=console)


def _known(task: Task) -> bool:
    return task.fields["reports"] >= ENOUGH and (task.elapsed or 0) >= AFTER


def _rate(task: Task) -> str:
    speed = task.finished_speed or task.speed
    return f"{speed:,.1f}/s" if speed and _known(task) else ""


def _left(task: Task) -> str:
    left = task.time_remaining
    if left is None or task.finished or not _known(task):
        return ""
    return f"{left:.0f} s left" if left < 100 else f"{left / 60:.1f} min left"


def _line(task: Task) -> str:
    counted = f"{task.description}: {task.completed:,.0f} of {task.total:,.0f}"
    return ", ".join(filter(None, (counted, _rate(task), _left(task))))
