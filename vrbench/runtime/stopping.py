"""A signal that ends the process lets work that is done be written first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Stopped(BaseException):
    """A signal asks to end: write what is done, and end.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


_writes = False
_waits = False
_asked: int | None = None


@contextmanager
def writing() -> Iterator[None]:
    """While inside, a signal ends only the waits of ``waiting``: who waits then writes.

    A second signal ends the process at once.

    Raises:
        Stopped: the signal came after the last wait.
    """
    global _writes, _asked
    _writes = True
    try:
        yield
        _raise_asked()
    finally:
        _writes, _asked = False, None


@contextmanager
def waiting() -> Iterator[None]:
    """Wait for work of other threads: a signal ends the wait, and never a library's callback.

    Raises:
        Stopped: a signal came, now or before.
    """
    global _waits
    _waits = True
    try:
        _raise_asked()
        yield
    finally:
        _waits = False


def ask(number: int) -> bool:
    """Ask whoever writes to end, from a signal's handler; False: nobody does, or was asked before.

    Raises:
        Stopped: it waits.
    """
    global _asked
    if not _writes or _asked is not None:
        return False
    _asked = number
    if _waits:
        _raise_asked()
    return True


def _raise_asked() -> None:
    if _asked is not None:
        raise Stopped(_asked)
