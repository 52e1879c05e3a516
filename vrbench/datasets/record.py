"""A value of a JSON file with its place, for error messages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from vrbench.errors import InputError

UNWRITABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that have no UTF-8, or end a string in HDF5."""

MOST = 2**53
"""Greatest number that, written with a point, is certainly a whole one."""


class Record:
    """A value of a JSON file.

    Every method raises ``InputError``, with file, item and value, if the value is of another kind.
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: str | Record, key: str | int = "") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    @property
    def where(self) -> str:
        """File and item, such as ``a.json, sentences[3].caption``."""
        path, node = "", self
        while isinstance(node._parent, Record):
            path = (f"[{node._key}]" if isinstance(node._key, int) else f".{node._key}") + path
            node = node._parent
        return f"{node._parent}, {path.removeprefix('.')}" if path else node._parent

    def __getitem__(self, key: str) -> Record:
        """Return the value of an object's ``key``."""
        if not isinstance(self.value, dict) or key not in self.value:
            self.fail(f"an object with '{key}'")
        return Record(self.value[key], self, key)

    def __iter__(self) -> Iterator[Record]:
        """Yield the items of a list."""
        if not isinstance(self.value, list):
            self.fail("a list")
        for index, item in enumerate(self.value):
            yield Record(item, self, index)

    def items(self) -> Iterator[tuple[str, Record]]:
        """Yield the keys and values of an object."""
        if not isinstance(self.value, dict):
            self.fail("an object")
        for key, item in self.value.items():
            yield key, Record(item, self, key)

    def text(self) -> str:
        """Return a text that a file can hold."""
        if not isinstance(self.value, str) or UNWRITABLE.search(self.value):
            self.fail("a text")
        return str(self.value)

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(item.text() for item in self)

    def number(self) -> float:
        """Return a finite number, which may be written as a text."""
        try:
            number = float("nan" if isinstance(self.value, bool) else self.value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self.fail("a number")
        return number

    def whole(self) -> int:
        """Return a whole number, which may be written as a text."""
        number = self.number()
        if not number.is_integer() or abs(number) > MOST:
            self.fail("a whole number")
        return int(number)

    def fail(self, expected: str) -> NoReturn:
        """Raise the error of a value that is not what was ``expected``."""
        found = repr(self.value)
        shown = found if len(found) <= 60 else f"{found[:57]}..."
        raise InputError(f"{self.where}: expected {expected}, found {shown}.")
