"""The application, and how a command ends: 0 done, 2 wrong input, 130 interrupted."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Annotated, ParamSpec, TypeVar

import typer

from vrbench._version import VERSION
from vrbench.errors import InputError

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
    """Register a command whose input errors become one sentence on stderr and exit code 2."""

    def add(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except InputError as error:
                note(f"vrbench: {error}")
                raise typer.Exit(2) from error
            except OSError as error:
                note(f"vrbench: {error.filename or 'input or output'}: {error.strerror or error}.")
                raise typer.Exit(2) from error
            except KeyboardInterrupt:
                note("Interrupted: what was finished is kept; run the same command to go on.")
                raise typer.Exit(130) from None

        return of.command(name)(run)

    return add


def note(message: str) -> None:
    """Print a note for the person at the terminal, on stderr."""
    sys.stderr.write(message + "\n")


def main() -> None:
    """Run the command line."""
    from vrbench.cli import commands  # noqa: F401  registers every command

    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
