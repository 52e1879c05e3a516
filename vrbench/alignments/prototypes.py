"""Plain functions of two token arrays as alignments, for prototypes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import field, make_dataclass
from typing import Any, TypeVar, get_type_hints

from vrbench.alignments import Method, alignments
from vrbench.alignments.functions import FunctionAlignment, name_of, shown
from vrbench.errors import InputError
from vrbench.registry import is_readable, set_unknown

F = TypeVar("F", bound=Callable[..., Any])

MADE = "vrbench_alignment"
"""The attribute in which a decorated function keeps its alignment."""


def alignment(name: str, *, symmetric: bool = True) -> Callable[[F], F]:
    """Register a function of two token arrays as an alignment.

    The function gets the tokens of a text, (w, d), and of a video, (f, d), numpy arrays scaled to
    length 1 unless the features are raw, float32 (float64 with precision ``double``), and returns
    their similarity. It is called for each pair, one call after the other. Keywords with a default
    are the parameters of the spec: ``lam: float = 10`` is ``name:lam=10``.

    Args:
        name: of the alignment.
        symmetric: whether one number serves both directions; else it returns the pair (s^T, s^V):
            what ranks videos for a text, and texts for a video.

    Returns:
        A decorator, which returns the function as it is.

    Raises:
        InputError: the decorator: the name is taken, or the function takes other arguments.
    """

    def add(function: F) -> F:
        cls = _class(function, symmetric)
        alignments.register(name)(cls)
        setattr(function, MADE, cls)
        return function

    return add


def method_of(function: Callable[..., Any]) -> Method:
    """Return a function, decorated or not, as the method that calls it.

    One that is not decorated is called "function NAME" in results, which no spec is, and what was
    measured by it before is never taken for what it does now: its variables may have changed.

    Raises:
        InputError: the function takes other arguments than two token arrays.
    """
    cls = vars(function).get(MADE) if hasattr(function, "__dict__") else None
    if cls is None:
        cls = _class(function, symmetric=True)
        cls.__name__ = f"function {name_of(function)}"
        set_unknown(cls)
    return Method(((1.0, cls()),))


def _class(function: Callable[..., Any], symmetric: bool) -> type[FunctionAlignment]:
    """Make the frozen dataclass of a function."""
    name = name_of(function)
    fields = [(key, kind, field(default=default)) for key, kind, default in _keywords(function)]
    doc = inspect.getdoc(function) or f"The function {name}."
    members = {"function": staticmethod(function), "symmetric": symmetric, "__doc__": doc}
    bases = (FunctionAlignment,)
    cls = make_dataclass("Function", fields, bases=bases, namespace=members, frozen=True)
    cls.__module__ = getattr(function, "__module__", None) or "__main__"
    cls.__qualname__ = getattr(function, "__qualname__", name)
    return cls


def _keywords(function: Callable[..., Any]) -> Iterator[tuple[str, type[Any], Any]]:
    """Yield name, type and default of each keyword that a spec can hold; others stay as they are.

    Raises:
        InputError: the function takes other arguments than two token arrays and keywords.
    """
    if not callable(function):
        raise InputError(f"An alignment is a function of two arrays, not {shown(function)}.")
    name = name_of(function)
    try:
        first, second, *others = inspect.signature(function).parameters.values()
    except ValueError:
        raise InputError(
            f"The function '{name}' has to take two arrays: the tokens of a text, and of a video."
        ) from None
    try:
        hints = get_type_hints(function)
    except Exception:  # names that are imported for types only
        hints = {}
    if {first.kind, second.kind} - {first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD}:
        raise InputError(
            f"The function '{name}' has to take two arrays by place: the tokens of a text, and of "
            "a video."
        )
    for one in others:
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            continue
        if one.default is one.empty or one.kind == one.POSITIONAL_ONLY:
            raise InputError(
                f"The function '{name}' takes '{one.name}' too: give it a default, and it is a "
                "parameter."
            )
        if hasattr(FunctionAlignment, one.name):
            raise InputError(
                f"The parameter '{one.name}' of the function '{name}' has the name of something "
                "that every alignment has: call it otherwise."
            )
        kind = hints.get(one.name, type(one.default))
        if is_readable(kind):
            yield one.name, kind, float(one.default) if kind is float else one.default
