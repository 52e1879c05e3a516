"""The application, and how a command ends: 0 done, 2 wrong input, 130 and 143 stopped."""

from __future__ import annotations

import functools
import inspect
import json
import os
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar, get_args

import typer
from typer.core import TyperCommand
from typer.models import OptionInfo, ParameterInfo

from vrbench._version import VERSION
from vrbench.cli.completion import completer
from vrbench.cli.panels import panel
from vrbench.cli.process import NOTHING_KEPT, kept, say_when_stopped
from vrbench.errors import InputError
from vrbench.runtime.printable import one_line

if TYPE_CHECKING:
    from typer._click import Context, Parameter

P = ParamSpec("P")
R = TypeVar("R")

app = typer.Typer(
    name="vrbench",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
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


def command(
    name: str, *, of: typer.Typer = app, keeps: str = NOTHING_KEPT, results: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a command whose errors are printed on stderr in one sentence.

    Every command takes ``--plugin`` and runs these files first, without code of its own for it.

    Args:
        name: of the command.
        of: the application or group that it belongs to.
        keeps: what is true of the work done so far when a signal ends it.
        results: whether ``--out`` is a folder of results, which is tried before the work.
    """

    def add(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            say_when_stopped(_truly(keeps, anew=bool(kwargs.get("overwrite"))))
            try:
                _load(kwargs.pop("plugin", None))  # type: ignore[arg-type]
                if results and not kwargs.get("dry_run"):
                    _try_folder(kwargs.get("out"))
                return function(*args, **kwargs)
            except BrokenPipeError:
                raise  # the reader has closed the pipe: the process ends without a message
            except Exception as error:
                sentence = refusal(error)
                if sentence is None:
                    raise
                _show_cause(error)
                note(f"vrbench: {sentence}")
                raise typer.Exit(2) from error
            except KeyboardInterrupt:
                note(f"Interrupted: {kept()}")
                raise typer.Exit(130) from None

        _add_option(run, "plugin", PLUGIN)
        _describe_options(run, name if of is app else f"{of.info.name} {name}")
        return of.command(name, cls=_Once)(run)

    return add


def _truly(keeps: str, *, anew: bool) -> str:
    """Say that what is kept is only gone on with by a command that does not begin anew."""
    again = "the same command"
    return (
        keeps.replace(again, f"{again} without --overwrite")
        if anew and keeps != NOTHING_KEPT
        else keeps
    )


def _try_folder(folder: Any) -> None:
    """Check that results can be written, where a folder of them is given."""
    from vrbench.runtime.files import check_results

    if folder is not None:
        check_results(folder)


PLUGIN = Annotated[
    list[Path] | None,
    typer.Option(help="Python file that registers methods of its own; repeat for several."),
]


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress.")]
"""An option of every command that shows progress."""


def _load(plugins: list[Path] | None) -> None:
    for path in plugins or []:
        from vrbench.registry import load_file

        load_file(path)


def _add_option(function: Callable[..., Any], name: str, kind: Any) -> None:
    """Add a keyword to a function's signature, as typer reads it."""
    signature = inspect.signature(function, eval_str=True)
    added = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
    shown = signature.replace(parameters=[*signature.parameters.values(), added])
    vars(function)["__signature__"] = shown
    function.__annotations__ = {**function.__annotations__, name: kind}


def _describe_options(function: Callable[..., Any], command: str) -> None:
    """Put each option into its group of ``--help``, and say what a shell offers for its value."""
    for parameter in inspect.signature(function).parameters.values():
        for about in get_args(parameter.annotation):
            if isinstance(about, ParameterInfo):
                about.autocompletion = completer(command, parameter.name)
                if isinstance(about, OptionInfo):
                    about.rich_help_panel = panel(parameter.name)


DASH = " (a file whose name begins with a dash is written ./-NAME, and -- goes before ids that do)"
"""What an unknown option may have been meant as."""


class _Once(TyperCommand):
    """A command that refuses an option given twice where only the last one would be used."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the arguments, after a check that none of them replaces another."""
        try:
            _, _, order = self.make_parser(ctx).parse_args(list(args))
        except Exception as error:
            if not getattr(error, "possibilities", True):  # an option that is like no other
                vars(error)["message"] += DASH
            raise
        for option, times in Counter(order).items():
            if times > 1 and _holds_one(option) and not ctx.resilient_parsing:
                name = "/".join([*option.opts[:1], *option.secondary_opts[:1]])
                note(f"vrbench: {name} is given {times} times, and takes one value: give it once.")
                raise typer.Exit(2)
        return super().parse_args(ctx, args)


def _holds_one(option: Parameter) -> bool:
    """Whether a second value would replace the first; a repeated flag changes nothing."""
    flag = getattr(option, "is_flag", False) and not option.secondary_opts
    return not flag and not getattr(option, "multiple", False)


def refusal(error: Exception) -> str | None:
    """Return the sentence for the user on an error; None where it is a defect of the program."""
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


def _show_cause(error: Exception) -> None:
    """Print the traceback of an error's cause, where the environment asks for it."""
    from vrbench.registry import TRACEBACK

    if error.__cause__ is not None and os.environ.get(TRACEBACK):
        for line in "".join(traceback.format_exception(error.__cause__)).splitlines():
            note(line)


_LACKS_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory")
"""Messages of torch."""


def note(message: str) -> None:
    """Print a note on stderr."""
    sys.stderr.write(one_line(message) + "\n")


def say(line: str = "") -> None:
    """Print a line on stdout."""
    typer.echo(one_line(line))


def print_json(value: Any, **how: Any) -> None:
    """Print JSON on stdout, every character beyond ASCII and every control character escaped."""
    typer.echo(json.dumps(value, indent=1, **{"allow_nan": False, **how}))


def print_document(text: str) -> None:
    """Print a rendered table on stdout, as it is."""
    typer.echo(text, nl=False)
