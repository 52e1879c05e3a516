"""Finding the files that an ONNX model takes numbers from, before a runtime opens them.

A model is a message of protocol buffers. A tensor in it may say that its numbers are in another
file: ``external_data`` with the key ``location``, a path relative to the model's folder.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading

DEEPEST = 100
"""Greatest depth of nested messages, the limit of protocol buffers."""

_MESSAGES: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
"""Kind of a message -> number of a field -> kind of the message in it, as in ``onnx.proto``."""

_KEY, _VALUE = 1, 2
"""Fields of an entry of ``external_data``."""


def external_data(path: Path) -> list[Path]:
    """Return the files beside a model that hold numbers of it, sorted.

    Raises:
        InputError: it is no ONNX model, or names a file that is not in its own folder.
    """
    problem = "is not a model that onnxruntime can read"
    with reading(path, "give a model in the ONNX format", problem):
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            names = {data[start:stop].decode() for start, stop in _locations(data)}
        # the hub's cache keeps a model as a link, and its numbers beside what it links to
        folders = (path.parent.resolve(), path.resolve().parent)
        for name in sorted(names):
            _check(path, name, folders)
    return sorted(path.parent / name for name in names)


def _check(path: Path, name: str, folders: tuple[Path, ...]) -> None:
    file = path.parent / name
    # onnxruntime takes */.../* for addresses of its memory
    own = not Path(name).is_absolute() and ".." not in Path(name).parts and "*" not in name
    if not own or not any(file.resolve().is_relative_to(folder) for folder in folders):
        raise InputError(
            f"{path} takes numbers from {name!r}, outside of its own folder: put that file beside "
            "the model and export it again."
        )
    if not file.is_file():
        raise InputError(f"{path} takes numbers from {name!r}, which is missing: put it there.")


def _locations(
    data: mmap.mmap, kind: str = "model", start: int = 0, stop: int | None = None, depth: int = 0
) -> Iterator[tuple[int, int]]:
    """Yield the places of other files' paths in a message."""
    if depth > DEEPEST:
        raise ValueError(f"more than {DEEPEST} messages within each other")
    fields = _fields(data, start, len(data) if stop is None else stop)
    if kind == "entry":
        entry = list(fields)
        if any(number == _KEY and data[a:b] == b"location" for number, a, b in entry):
            yield from ((a, b) for number, a, b in entry if number == _VALUE)
        return
    for number, a, b in fields:
        if inner := _MESSAGES[kind].get(number):
            yield from _locations(data, inner, a, b, depth + 1)


def _fields(data: mmap.mmap, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and stop of the fields of a message that have a length."""
    while start < stop:
        tag, start = _varint(data, start)
        number, wire = (tag & 0xFFFFFFFF) >> 3, tag & 7
        if wire == 2:
            length, start = _varint(data, start)
            end = start + length
            if end <= stop:
                yield number, start, end
        elif wire == 0:
            _, end = _varint(data, start)
        elif wire in (1, 5):
            end = start + (8 if wire == 1 else 4)
        else:
            raise ValueError(f"a field of the unknown kind {wire}")
        if end > stop:
            raise ValueError("a field that is longer than its message")
        start = end


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    value = 0
    for place in range(10):
        byte = data[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number without an end")
