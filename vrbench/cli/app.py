"""The application, and how a command ends: 0 done, 2 wrong input, 130 and 143 stopped."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import Annotated, ParamSpec, TypeVar

import typer

from vrbench._version import VERSION
from vrbench.cli.process import KEPT
from vrbench.errors import InputError
from vrbench.labels import one_line

P = ParamSpec("P")
R = TypeVar("R")

app = typer.Typer(
    name="vrbench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"vrbench {VERSION}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Benchmark and reproduction toolkit for text-video retrieval over stored features."""


def command(name: str, *, of: typer.Typer = app) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a command that says in one sentence on stderr what ended it."""

    def add(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except BrokenPipeError:
                raise  # who reads has seen enough: the process ends without a word
            except Exception as error:
                sentence = refusal(error)
                if sentence is None:
                    raise
                note(f"vrbench: {sentence}")
                raise typer.Exit(2) from error
            except KeyboardInterrupt:
                note(f"Interrupted: {KEPT}")
                raise typer.Exit(130) from None

        return of.command(name)(run)

    return add


def refusal(error: Exception) -> str | None:
    """Return what to tell the user of an error; None where it is a defect of the program."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'input or output'}: {error.strerror or error}."
    torch_lacks = isinstance(error, RuntimeError) and _LACKS_MEMORY.search(str(error))
    if isinstance(error, MemoryError) or torch_lacks:
        return (
            "There is not enough memory: bound it with --memory where the command has it, take "
            "fewer items (--limit) or a larger machine."
        )
    return None


_LACKS_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory")
"""What torch says."""


def note(message: str) -> None:
    """Print a note for the person at the terminal, on stderr."""
    sys.stderr.write(one_line(message) + "\n")
