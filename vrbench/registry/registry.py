"""A registry: frozen dataclasses of one kind, found by name."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from vrbench.errors import InputError, did_you_mean
from vrbench.registry.checks import Base, check_class, check_name, check_parameters, said_twice
from vrbench.registry.failures import blamed
from vrbench.registry.origins import GROUPS, origin
from vrbench.registry.specs import arguments, format_value, parameters

T = TypeVar("T")


class Registry(Generic[T]):
    """Frozen dataclasses of one kind, found by name.

    Every module of ``package`` is searched, and every entry point of the group ``group``, so a
    method is added by adding a file (or a distribution): no list has to be kept.

    Attributes:
        kind: what the methods are, for messages ("method", "norm", ...).
        package: the dotted name of the package that holds the built-in ones.
        base: class, or classes, of which each method is derived from one.
        group: of the entry points; it keeps its name wherever the package moves.
    """

    def __init__(
        self, kind: str, package: str, *, base: Base = object, group: str | None = None
    ) -> None:
        self.kind = kind
        self.package = package
        self.base = base
        self.group = group or package
        GROUPS.add(self.group)
        self._classes: dict[str, type[T]] = {}
        self._idle: dict[str, str] = {}
        self._own_searched = self._searched = False
        self._failure: InputError | None = None

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Return the class decorator that registers a frozen dataclass under ``name``.

        Raises:
            InputError: the decorator: the name is taken, or the class cannot be a method.
        """

        def add(cls: type[T]) -> type[T]:
            where = origin(cls)
            what = f"The {self.kind} '{name}' of {where or 'vrbench itself'}"
            check_name(name, what)
            check_class(cls, self.base, what)
            if where is not None:
                check_parameters(cls, what)
                self._search_own()  # so that it is not the built-in one that comes second
            before = self._classes.get(name)
            if before is not None and not _is_rerun(before, cls):
                raise said_twice(self.kind, name, origin(before), where)
            self._classes[name] = cls
            return cls

        return add

    def classes(self) -> dict[str, type[T]]:
        """Return every registered class by name, sorted.

        Raises:
            InputError: a plug-in cannot be loaded, or registers what a registry refuses.
        """
        if self._failure is not None:
            raise InputError(str(self._failure))  # of a module that failed, the rest is not there
        if not self._searched:
            self._searched = True
            self._search_own()
            try:
                for entry in entry_points(group=self.group):
                    self._load(entry)
            except InputError as error:
                self._failure = error
                raise
        return dict(sorted(self._classes.items()))

    def parse(self, spec: str, *, others: Iterable[str] = ()) -> T:
        """Build the method that ``spec`` names.

        Args:
            spec: ``name:key=value``.
            others: names that are known besides those of the registry, for the message.

        Raises:
            InputError: the name or a parameter is unknown, or a value is out of range.
        """
        name, _, tail = (piece.strip() for piece in spec.partition(":"))
        known = self.classes()
        if name not in known:
            names = sorted({*known, *others})
            raise InputError(
                f"Unknown {self.kind} '{name}'.{self._idle.get(name) or did_you_mean(name, names)} "
                f"Known: {', '.join(names)}."
            )
        try:
            return known[name](**dict(arguments(known[name], spec, tail)))
        except ValueError as error:
            message = str(error)
            where = "" if spec in message else f" (in '{spec}')"
            raise InputError(f"{message.rstrip('.')}{where}.") from error

    def spec(self, method: T, *, whole: bool = False) -> str:
        """Return the spec of ``method``, parameters at their defaults left out unless ``whole``."""
        self.classes()
        name = self._name(method)
        values = [
            f"{field.name}={format_value(getattr(method, field.name))}"
            for field in parameters(type(method))
            if whole or getattr(method, field.name) != field.default
        ]
        return f"{name}:{','.join(values)}" if values else name

    def calling(self, method: T) -> AbstractContextManager[None]:
        """Say of what a method from outside raises in this context whose it is, in one sentence.

        Raises:
            PluginError: it raises an exception; that is the cause of this one.
        """
        return blamed(method, f"The {self.kind} '{self._name(method)}'")

    def states(self, spec: str, wanted: str) -> bool:
        """Whether ``spec`` is the method of ``wanted``, with every parameter that it gives.

        What ``wanted`` leaves out may be anything; a spec that cannot be read states only its name.
        """
        name, _, tail = wanted.partition(":")
        if not tail or spec.partition(":")[0] != name:
            return spec.partition(":")[0] == name
        try:
            method = self.parse(spec)
            given = dict(arguments(type(method), wanted, tail))
        except InputError:
            return False
        return all(getattr(method, key) == value for key, value in given.items())

    def _name(self, method: T) -> str:
        """Return the name of a method, or of the class of one that is not registered."""
        found = (name for name, cls in self._classes.items() if type(method) is cls)
        return next(found, type(method).__name__)

    def _search_own(self) -> None:
        """Import the modules of the package."""
        if self._own_searched:
            return
        self._own_searched = True
        for module in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
            importlib.import_module(f"{self.package}.{module.name}")

    def _load(self, entry: EntryPoint) -> None:
        """Import what an entry point names.

        Raises:
            InputError: that fails, whatever it raises; the sentence names the distribution.
        """
        dist = entry.dist
        whose = f"the distribution {dist.name} {dist.version}" if dist else entry.value
        try:
            entry.load()
        except (Exception, SystemExit) as error:
            said = " ".join(str(error).split())
            if isinstance(error, InputError) and whose in said:
                raise  # what a registry says of a class
            raise InputError(
                f"The {self.kind} '{entry.name}' of {whose} cannot be loaded "
                f"({type(error).__name__}: {said}): repair, update or uninstall it."
            ) from error
        if entry.name not in self._classes:
            self._idle[entry.name] = (
                f" The entry point of this name of {whose} registers nothing under it."
            )


def _is_rerun(before: type[Any], cls: type[Any]) -> bool:
    """Whether a cell of a notebook, or a line of a session, is run again."""
    session = cls.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")
    return session and (before.__module__, before.__qualname__) == ("__main__", cls.__qualname__)
