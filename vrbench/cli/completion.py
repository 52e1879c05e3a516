"""What a shell offers where a value is typed: specs with their parameters, names, and ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer import Context

from vrbench.errors import InputError

Complete = Callable[[Context, str], list[str]]
"""From the command line so far and the word begun to whole words."""


def completer(command: str, name: str) -> Complete | None:
    """Return what completes the parameter ``name`` of a command; None: nothing, or files."""
    known: dict[str, Complete] = {
        "method": _specs("methods"),
        "norm": _specs("norms"),
        "sequence": _specs("sequences"),
        "encoder": _specs("encoders"),
        "loss": _specs("losses"),
        "dataset": _specs("datasets"),
        "rule": _specs("rules"),
        "kind": _kinds,
        "query": _ids,
    }
    own: dict[tuple[str, str], Complete] = {
        ("train HEAD", "head"): _specs("heads"),
        ("plot", "name"): _specs("figures"),
        ("table", "name"): _tables,
        ("reproduce", "name"): _tables,
        ("list", "name"): _listed,
    }
    return own.get((command, name)) or known.get(name)


def _starting(begun: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(begun)]


def _specs(kind: str) -> Complete:
    """Complete specs of a kind, and sums of them."""

    def complete(_: Context, begun: str) -> list[str]:
        from vrbench.cli.catalogue import classes_of

        with suppress(InputError):  # a plug-in that cannot be loaded
            return complete_spec(classes_of(kind), begun)
        return []

    return complete


def complete_spec(classes: Mapping[str, type[Any]], begun: str) -> list[str]:
    """Return what a spec that is begun can become: a name, a parameter, or one of its values."""
    from vrbench.registry import split_sum

    term = split_sum(begun)[-1]
    last = term[term.rfind("*") + 1 :]
    before = begun.removesuffix(last)
    name, colon, tail = last.partition(":")
    if not colon:
        return [before + word for word in _starting(last, classes)]
    if name not in classes:
        return []
    given, comma, word = tail.rpartition(",")
    used = {part.partition("=")[0] for part in given.split(",")}
    words = [word for key, word in _assignments(classes[name]) if key not in used]
    return [f"{before}{name}:{given}{comma}{one}" for one in _starting(word, words)]


def _assignments(cls: type[Any]) -> Iterable[tuple[str, str]]:
    """List every parameter as ``key=``, with each value where there are few."""
    from vrbench.registry import format_value, parameters

    hints = get_type_hints(cls)
    for field in parameters(cls):
        hint = hints[field.name]
        values: tuple[Any, ...] = ()
        if get_origin(hint) is Literal:
            values = get_args(hint)
        elif hint is bool:
            values = (False, True)
        elif field.default is not MISSING:
            yield field.name, f"{field.name}={format_value(field.default)}"
        for value in values:
            yield field.name, f"{field.name}={format_value(value)}"


def _kinds(_: Context, begun: str) -> list[str]:
    from vrbench.cli.catalogue import CATALOGUE

    return _starting(begun, CATALOGUE)


def _tables(_: Context, begun: str) -> list[str]:
    from vrbench import published

    return _starting(begun, (*published.names(), *published.extras()))


def _listed(context: Context, begun: str) -> list[str]:
    """Return the names of the kind that is typed before."""
    from vrbench.cli.catalogue import CATALOGUE

    kind = str(context.params.get("kind"))
    return _starting(begun, (row["name"] for row in CATALOGUE[kind]())) if kind in CATALOGUE else []


def _ids(context: Context, begun: str) -> list[str]:
    """Return ids of the file that the command line names, or of the bundled one."""
    from pathlib import Path

    from vrbench.cli.opening import open_evaluation

    features, from_sim = (
        Path(path) if (path := context.params.get(key)) else None
        for key in ("features", "from_sim")
    )
    with suppress(InputError, OSError):
        source = open_evaluation(features, from_sim).source
        return _starting(begun, (*source.text_ids, *source.video_ids))
    return []
