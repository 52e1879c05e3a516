"""What a method from outside raises, as one sentence that names it."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vrbench.errors import InputError, PluginError
from vrbench.registry.origins import origin

TRACEBACK = "VRBENCH_TRACEBACK"
"""The variable of the environment under which the command line prints tracebacks of causes."""


@contextmanager
def blamed(method: object, name: str) -> Iterator[None]:
    """Say of what a method from outside raises whose it is; a built-in one's goes on as it is.

    Args:
        method: what is called.
        name: it has in the sentence, such as "The norm 'z-score'".

    Raises:
        PluginError: it raises an exception; that is the cause of this one.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except (Exception, SystemExit) as error:  # a plug-in must not end the command in silence
        where = origin(type(method))
        if where is None:
            raise
        said = raised(error, type(method).__module__)
        raise PluginError(
            f"{name} of {where} fails ({said}): repair it; {TRACEBACK}=1 in the environment prints "
            "the traceback."
        ) from error


def raised(error: BaseException, module: str | None = None) -> str:
    """Return what was raised, and in which line of which file it was.

    Args:
        error: the exception.
        module: whose last line is named, where it has one; None: the last line of all.
    """
    frames = traceback.extract_tb(error.__traceback__)[1:]
    file = getattr(sys.modules.get(module or ""), "__file__", None)
    own = [frame for frame in frames if frame.filename == file] or frames
    at = f" in line {own[-1].lineno} of {Path(own[-1].filename).name}" if own else ""
    said = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {said}{at}" if said else f"{type(error).__name__}{at}"
