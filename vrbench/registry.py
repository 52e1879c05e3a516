"""Registries of methods and the spec strings ``name:key=value,key=value`` that name them."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from importlib.metadata import entry_points
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from vrbench.errors import InputError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Frozen dataclasses of one kind, found by name.

    Every module of ``package`` is searched, and every entry point of the group ``group``, so a
    method is added by adding a file (or a distribution): no list has to be kept.

    Attributes:
        kind: what the methods are, for messages ("method", "norm", ...).
        package: the dotted name of the package that holds the built-in ones.
        group: of the entry points; it keeps its name wherever the package moves.
    """

    def __init__(self, kind: str, package: str, *, group: str | None = None) -> None:
        self.kind = kind
        self.package = package
        self.group = group or package
        self._classes: dict[str, type[T]] = {}
        self._searched = False

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Return the class decorator that registers a frozen dataclass under ``name``."""

        def add(cls: type[T]) -> type[T]:
            self._classes[name] = cls
            return cls

        return add

    def classes(self) -> dict[str, type[T]]:
        """Return every registered class by name, sorted."""
        if not self._searched:
            self._searched = True
            path = importlib.import_module(self.package).__path__
            for module in pkgutil.iter_modules(path):
                importlib.import_module(f"{self.package}.{module.name}")
            for entry in entry_points(group=self.group):
                entry.load()
        return dict(sorted(self._classes.items()))

    def parse(self, spec: str) -> T:
        """Build the method that ``spec`` names.

        Raises:
            InputError: the name or a parameter is unknown, or a value is out of range.
        """
        name, _, tail = (piece.strip() for piece in spec.partition(":"))
        known = self.classes()
        if name not in known:
            raise InputError(
                f"Unknown {self.kind} '{name}'.{did_you_mean(name, known)} "
                f"Known: {', '.join(known)}."
            )
        try:
            return known[name](**dict(_arguments(known[name], spec, tail)))
        except ValueError as error:
            message = str(error)
            where = "" if spec in message else f" (in '{spec}')"
            raise InputError(f"{message.rstrip('.')}{where}.") from error

    def spec(self, method: T, *, whole: bool = False) -> str:
        """Return the spec of ``method``, parameters at their defaults left out unless ``whole``."""
        name = next(n for n, cls in self.classes().items() if type(method) is cls)
        values = [
            f"{field.name}={format_value(getattr(method, field.name))}"
            for field in parameters(type(method))
            if whole or getattr(method, field.name) != field.default
        ]
        return f"{name}:{','.join(values)}" if values else name

    def states(self, spec: str, wanted: str) -> bool:
        """Whether ``spec`` is the method of ``wanted``, with every parameter that it gives.

        What ``wanted`` leaves out may be anything; a spec that cannot be read states only its name.
        """
        name, _, tail = wanted.partition(":")
        if not tail or spec.partition(":")[0] != name:
            return spec.partition(":")[0] == name
        try:
            method = self.parse(spec)
            given = dict(_arguments(type(method), wanted, tail))
        except InputError:
            return False
        return all(getattr(method, key) == value for key, value in given.items())


def parameters(cls: type[Any]) -> list[Field[Any]]:
    """Return the fields of a method that a spec can set."""
    return [field for field in fields(cls) if field.init]


def format_value(value: Any) -> str:
    """Write a parameter as a spec does: ``10`` for 10.0, ``true`` for True, ``none`` for None."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _arguments(cls: type[Any], spec: str, tail: str) -> Iterator[tuple[str, Any]]:
    """Yield the typed ``key=value`` pairs of a spec's tail."""
    hints = get_type_hints(cls)
    known = {field.name: field for field in parameters(cls)}
    seen: set[str] = set()
    for part in tail.split(",") if tail else []:
        key, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not text:
            raise InputError(f"Cannot read '{part}' in '{spec}': write key=value,key=value.")
        if key not in known:
            listing = ", ".join(known) or "none"
            raise InputError(
                f"Unknown parameter '{key}' in '{spec}'.{did_you_mean(key, known)} "
                f"Parameters: {listing}."
            )
        if key in seen:
            raise InputError(f"Parameter '{key}' stands twice in '{spec}': give it once.")
        seen.add(key)
        yield key, _value(text, hints[key], f"'{key}={text}' in '{spec}'")
    missing = [key for key, field in known.items() if field.default is MISSING and key not in seen]
    if missing:
        raise InputError(f"'{spec}' needs a value for {', '.join(missing)}.")


def _value(text: str, hint: Any, where: str) -> Any:
    """Read ``text`` as a value of type ``hint``; ``none`` where that may be None."""
    if type(None) in get_args(hint):
        if text == "none":
            return None
        (hint,) = (kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is Literal:
        if text not in get_args(hint):
            raise InputError(f"{where} must be one of {', '.join(get_args(hint))}.")
        return text
    if hint is bool:
        if text not in ("true", "false"):
            raise InputError(f"{where} must be true or false.")
        return text == "true"
    try:
        value = hint(text)
    except ValueError:
        kind = {int: "a whole number", float: "a number"}.get(hint, hint.__name__)
        raise InputError(f"{where} must be {kind}.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where} must be finite.")
    return value
