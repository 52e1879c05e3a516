"""The type of a callback that reports progress, and how work is reported to it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called as (what is worked on, parts done, parts in all)."""


def counted(
    items: Iterable[T],
    what: str,
    total: int,
    progress: Progress | None,
    size: Callable[[T], int] = lambda _: 1,
) -> Iterator[T]:
    """Yield items, and report each once its work is done, which is when the next is asked for."""
    done = 0
    for item in items:
        yield item
        done += size(item)
        if progress is not None:
            progress(what, done, total)


@contextmanager
def phase(what: str, progress: Progress | None) -> Iterator[None]:
    """Report work that has no parts, before and after it."""
    if progress is not None:
        progress(what, 0, 1)
    yield
    if progress is not None:
        progress(what, 1, 1)
