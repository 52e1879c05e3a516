"""Progress of a command, on stderr."""

from __future__ import annotations

from types import TracebackType


class Bars:
    """A bar for each thing that is counted; call it with (what, done, total)."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            Task,
            TaskID,
            TimeRemainingColumn,
        )
        from rich.text import Text

        class Rate(ProgressColumn):
            """What was done a second since the start, not lately."""

            def render(self, task: Task) -> Text:
                done = task.completed / task.elapsed if task.elapsed else 0
                return Text(f"{done:,.0f}/s")

        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            *Progress.get_default_columns()[:2],
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            Rate(),
            console=Console(stderr=True),
        )

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
