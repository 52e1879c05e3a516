"""Input from outside: exceptions of its readers as sentences, arrays as numpy's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError

_HALVES = (0xD800, 0xDFFF)
"""Halves of surrogate pairs, which have no UTF-8."""
SHOWN = 200
"""Most characters shown of a library's message."""


@contextmanager
def reading(
    what: object, remedy: str = "save or copy it again", problem: str = "is damaged"
) -> Iterator[None]:
    """Turn any exception raised while a file is parsed into an ``InputError`` of one sentence.

    Libraries raise exceptions of any kind over bad bytes: a list of them is never complete. So put
    it around the library's call and the parsing of its output only: a defect of vrbench would look
    like bad input too (its traceback is the error's ``__cause__``).

    Args:
        what: the file, or the part of it, for the message.
        remedy: end of the sentence: what the user can do.
        problem: middle of the sentence: what is wrong.

    Raises:
        InputError: anything but an ``InputError`` or an interruption was raised.
    """
    try:
        yield
    except (InputError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except FileNotFoundError as error:
        raise InputError(f"{what} does not exist: {remedy}.") from error
    except BaseException as error:  # a panic of a library in Rust is no Exception
        raise InputError(f"{what} {problem} ({_reason(error)}): {remedy}.") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, MemoryError):
        return "it declares more than memory holds"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    said = " ".join(said.split()).strip(".'\"") or type(error).__name__
    return said if len(said) <= SHOWN else f"{said[:SHOWN]}..."


def to_numpy(values: Any, what: str = "A tensor") -> NDArray[Any]:
    """Return numpy, torch or nested lists as an array.

    Tensors may be on any device; bfloat16 and float8, which numpy lacks, become float32.

    Args:
        values: a tensor, an array, or nested lists of numbers.
        what: it is, for messages.

    Raises:
        InputError: numpy cannot hold such a tensor: it is sparse, nested, of 4 bits, ...
    """
    if hasattr(values, "detach"):
        if values.is_nested:
            raise InputError(f"{what} is nested: give an array for each item.")
        kind = str(values.dtype)
        with reading(f"{what} ({kind})", "give a plain tensor, of float32", "has no numpy array"):
            tensor = values.detach().cpu().resolve_conj().resolve_neg()
            lacking = kind.startswith(("torch.bfloat16", "torch.float8"))
            values = (tensor.float() if lacking else tensor).numpy()
    return np.asarray(values)


def as_text(array: NDArray[Any], name: str, source: object) -> NDArray[Any]:
    """Return strings of any shape as str, bytes read as UTF-8; other arrays as they are.

    Args:
        array: what was stored.
        name: of the array, for messages.
        source: the file that it was in, for messages.

    Raises:
        InputError: bytes are not UTF-8, or a string is one that no UTF-8 file can hold.
    """
    array = np.asarray(array)
    end = f"in {name}, which is not UTF-8 text: store it as UTF-8."
    if array.dtype.kind == "S":
        try:
            return np.asarray(np.strings.decode(array, "utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(f"{source} holds {error.object!r} {end}") from error
    if array.dtype.kind == "U" and array.dtype.itemsize:
        # looked at as numbers: numpy itself fails at some of them only when they are used
        codes = array.astype(array.dtype.newbyteorder("=")).reshape(-1).view(np.uint32)
        if codes.size and codes.max() > sys.maxunicode:
            raise InputError(f"{source} holds the character U+{codes.max():X} {end}")
        halves = (codes >= _HALVES[0]) & (codes <= _HALVES[1])
        if halves.any():
            item = int(np.argmax(halves)) * 4 // array.dtype.itemsize
            raise InputError(f"{source} holds {str(array.reshape(-1)[item])!r} {end}")
    return array
