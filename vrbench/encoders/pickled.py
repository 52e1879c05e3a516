"""Reading a pickle of TorchScript without importing or calling anything that it names."""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LARGEST = 1 << 20
"""Bytes of a pickle that are read at most, some ten times those of a ViT-L."""

_NAME = re.compile(r"[\w.]{1,500} \w{1,500}")


@dataclass(frozen=True, eq=False)
class Named:
    """A class or function that a pickle names.

    Attributes:
        name: module and name, ``torch._utils._rebuild_tensor_v2``.
    """

    name: str


@dataclass(eq=False)
class Made:
    """An object that a class or function would make.

    Attributes:
        by: module and name of the class or function; ``""`` for objects outside of the pickle.
        arguments: its arguments.
        state: the state that the object would get.
    """

    by: str
    arguments: Any
    state: Any = None


class UnknownOpcodeError(ValueError):
    """A pickle has an opcode that TorchScript does not write."""


def read_pickle(data: bytes) -> Any:
    """Return the content of a pickle: numbers, strings, containers, ``Named`` and ``Made``.

    Raises:
        UnknownOpcodeError: it is none that TorchScript writes.
        ValueError: it is damaged; IndexError, KeyError, TypeError and AttributeError likewise.
    """
    if len(data) > LARGEST:
        raise ValueError(f"{len(data)} bytes of pickle, expected at most {LARGEST}")
    reader = _Reader()
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "STOP":
            return reader.stack.pop()
        step = _STEPS.get(opcode.name)
        if step is None:
            raise UnknownOpcodeError(f"the opcode {opcode.name} in its pickle")
        step(reader, argument)
    raise ValueError("no end")


class _Reader:
    """The stack machine of the pickle format."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def mark(self, _: object) -> None:
        self._marks.append(len(self.stack))

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def put(self, place: int) -> None:
        self._memo[place] = self.stack[-1]

    def get(self, place: int) -> None:
        self.stack.append(self._memo[place])

    def _since_mark(self) -> list[Any]:
        start = self._marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def name(self, argument: str) -> None:
        if not _NAME.fullmatch(argument):
            raise ValueError(f"the name {argument[:100]!r}")
        self.stack.append(Named(argument.replace(" ", ".")))

    def all_tuple(self, _: object) -> None:
        self.stack.append(tuple(self._since_mark()))

    def last_tuple(self, length: int) -> None:
        items = [self.stack.pop() for _ in range(length)]
        self.stack.append(tuple(reversed(items)))

    def append(self, _: object) -> None:
        self._extend([self.stack.pop()])

    def appends(self, _: object) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        self.stack[-1].extend(items)

    def set_item(self, _: object) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._update([key, value])

    def set_items(self, _: object) -> None:
        self._update(self._since_mark())

    def _update(self, items: list[Any]) -> None:
        # a tuple in a tuple in a tuple ... would be hashed until the process's stack overflows
        if not all(type(key) in (str, int, float, bool) for key in items[::2]):
            raise TypeError("a key that is neither a string nor a number")
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def make(self, _: object) -> None:
        arguments, maker = self.stack.pop(), self.stack.pop()
        self.stack.append(Made(maker.name, arguments))

    def build(self, _: object) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        made.state = state

    def outside(self, _: object) -> None:
        self.stack.append(Made("", self.stack.pop()))


_STEPS: Mapping[str, Callable[[_Reader, Any], None]] = {
    "PROTO": lambda reader, _: None,
    "MARK": _Reader.mark,
    "GLOBAL": _Reader.name,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Reader.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Reader.get),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _Reader.push),
    "BINUNICODE": _Reader.push,
    "NONE": lambda reader, _: reader.push(None),
    "NEWTRUE": lambda reader, _: reader.push(True),
    "NEWFALSE": lambda reader, _: reader.push(False),
    "EMPTY_DICT": lambda reader, _: reader.push({}),
    "EMPTY_LIST": lambda reader, _: reader.push([]),
    "EMPTY_TUPLE": lambda reader, _: reader.push(()),
    "TUPLE": _Reader.all_tuple,
    "TUPLE1": lambda reader, _: reader.last_tuple(1),
    "TUPLE2": lambda reader, _: reader.last_tuple(2),
    "TUPLE3": lambda reader, _: reader.last_tuple(3),
    "APPEND": _Reader.append,
    "APPENDS": _Reader.appends,
    "SETITEM": _Reader.set_item,
    "SETITEMS": _Reader.set_items,
    "REDUCE": _Reader.make,
    "NEWOBJ": _Reader.make,
    "BUILD": _Reader.build,
    "BINPERSID": _Reader.outside,
}
"""The action of each opcode that TorchScript writes; no other is known."""
