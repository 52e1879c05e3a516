"""What a registry refuses: classes that no spec could name, make or read back."""

from __future__ import annotations

import inspect
import re
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from vrbench.errors import InputError
from vrbench.registry.origins import Origin
from vrbench.registry.specs import parameters

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What can stand in a spec, in a sum of specs and in the name of a file."""

Base = type[Any] | tuple[type[Any], ...]


def check_name(name: str, what: str) -> None:
    """Refuse a name that a spec cannot hold.

    Raises:
        InputError: so it is.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            f"{what} has a name that no spec can hold: use letters, digits, '-', '_' and '.', "
            "beginning with a letter or digit."
        )


def check_class(cls: type[Any], base: Base, what: str) -> None:
    """Refuse a class that is no whole frozen dataclass of a registry.

    Args:
        cls: to be registered.
        base: what it has to be derived from.
        what: it is called in the message.

    Raises:
        InputError: so it is.
    """
    if not issubclass(cls, base):
        known = base if isinstance(base, tuple) else (base,)
        names = " or ".join(f"{one.__module__}.{one.__qualname__}" for one in known)
        raise InputError(f"{what} is not derived from {names}: derive the class from it.")
    # inherited, it would be that of the base, without the fields of this class
    made = vars(cls).get("__dataclass_params__")
    if not is_dataclass(cls) or made is None or not made.frozen:
        raise InputError(
            f"{what} is no frozen dataclass: put @dataclass(frozen=True) between it and the "
            "decorator that registers it."
        )
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise InputError(f"{what} does not say how to do {missing}: write it.")


def check_parameters(cls: type[Any], what: str) -> None:
    """Refuse a parameter whose type no text can be read as.

    Raises:
        InputError: so it is.
    """
    try:
        hints = get_type_hints(cls)
    except Exception as error:
        raise InputError(
            f"{what} has annotations that cannot be read ({error}): import their names outside of "
            "TYPE_CHECKING."
        ) from error
    for field in parameters(cls):
        if not is_readable(hints[field.name]):
            raise InputError(
                f"{what} has the parameter '{field.name}' of a type that no spec can hold: make it "
                "int, float, bool, str, a Literal of strings, or one of them or None."
            )


def is_readable(hint: Any) -> bool:
    """Whether a spec can hold a value of this type."""
    if get_origin(hint) in (Union, UnionType):
        (*one,) = (kind for kind in get_args(hint) if kind is not NoneType)
        return len(one) == 1 and is_readable(one[0])
    if get_origin(hint) is Literal:
        return all(isinstance(value, str) for value in get_args(hint))
    return hint in (int, float, bool, str)


def said_twice(kind: str, name: str, first: Origin | None, second: Origin | None) -> InputError:
    """Return the error of two classes of one name."""
    one, other = first or "vrbench itself", second or "vrbench itself"
    if one == other:
        return InputError(f"The {kind} '{name}' stands twice in {one}: rename one of them.")
    return InputError(
        f"There is a {kind} '{name}' of {one} and one of {other}: rename one of them, or uninstall "
        "or leave out what it comes from."
    )
