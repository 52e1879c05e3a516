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


class Bars:
    """A bar for each thing that is counted, with its rate and the time left.

    Call it with (what, done, total). Where stderr is a file, a line every ``PAUSE`` seconds.
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
            self._tasks[what] = self._progress.add_task(what, total=total)
        task = self._tasks[what]
        self._progress.update(task, completed=done)
        if self._plain and time.monotonic() - self._said > PAUSE:
            self._said = time.monotonic()
            note(_line(self._progress.tasks[task]))

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
        TimeRemainingColumn,
    )
    from rich.text import Text

    class What(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(one_line(task.description))

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(_rate(task))

    columns = (What(), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def _rate(task: Task) -> str:
    speed = task.finished_speed or task.speed
    return f"{speed:,.1f}/s" if speed else ""


def _line(task: Task) -> str:
    remaining = task.time_remaining
    left = "" if remaining is None or task.finished else f"{remaining / 60:.1f} min left"
    counted = f"{task.description}: {task.completed:,.0f} of {task.total:,.0f}"
    return ", ".join(filter(None, (counted, _rate(task), left)))
