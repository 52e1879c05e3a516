"""The process around a command: its streams, the signals that end it, and its exit code.

Nothing heavy is imported before signals are handled.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn, TextIO

from vrbench.runtime.files import remove_unfinished
from vrbench.runtime.stopping import Stopped, ask

ENDINGS = {
    signal.SIGINT: "Interrupted",
    signal.SIGTERM: "Terminated",
    **({signal.SIGHUP: "Hung up"} if hasattr(signal, "SIGHUP") else {}),
}
"""The signals that end a process, and their messages; the exit code is 128 + the number."""

NOTHING_KEPT = "nothing is kept; the same command begins anew."

BROKEN_PIPE = 1
"""Exit code where nobody reads the output any more; rich and typer end with the same."""

_YOUNG = 10_000
"""Objects after which cyclic garbage is looked for; Python's 700 are reached all the time."""

_SHOW_CURSOR = b"\x1b[?25h"


_kept = NOTHING_KEPT


def say_when_stopped(kept: str) -> None:
    """Set what a signal that ends the process says of the work done so far."""
    global _kept
    _kept = kept


def kept() -> str:
    """Return what is said of the work done so far when a signal ends the process."""
    return _kept


def _stop(number: int, _: FrameType | None) -> None:
    """End, once what is done is written where a command does so (``runtime/stopping.py``)."""
    if not ask(number):
        _end(number)


def _end(number: int) -> NoReturn:
    """Remove unfinished files and end at once, whatever is running.

    An exception would not do: one that is raised in a callback, such as those of h5py and of the
    import system, is printed and forgotten.
    """
    remove_unfinished()
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)  # progress bars hide it
        os.write(2, f"{ENDINGS[signal.Signals(number)]}: {_kept}\n".encode())
    os._exit(128 + number)


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_YOUNG)  # torch alone is a million objects that stay
    atexit.register(gc.freeze)  # at its end Python would look through them again, for nothing
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
            # Python removes handlers as it ends; by then all work is done
            atexit.register(signal.signal, number, signal.SIG_IGN)
    _open_streams()
    from vrbench.cli import registered as commands  # noqa: F401  registers every command
    from vrbench.cli.app import app, note, refusal

    stdout = sys.stdout
    try:
        try:
            app(prog_name="vrbench")
        finally:
            stdout.flush()
    except Stopped as stopped:
        _end(stopped.number)  # at once: threads of an encoder may be at work
    except BrokenPipeError:
        _discard(stdout)
        sys.exit(BROKEN_PIPE)
    except OSError as error:  # outside of a command: --help on a full disk
        _discard(stdout)
        note(f"vrbench: {refusal(error)}")
        sys.exit(2)


def _open_streams() -> None:
    """Give each standard stream a place to go to, and a way to print every character."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # takes the closed descriptor, or a file opened later would get what is printed
            stream = open(os.devnull, "r" if name == "stdin" else "w")  # noqa: SIM115, PTH123
            setattr(sys, name, stream)
    for out in (sys.stdout, sys.stderr):
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(errors="replace")


def _discard(stdout: TextIO) -> None:
    """Drop what is left of the output: the flush at exit would fail once more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
