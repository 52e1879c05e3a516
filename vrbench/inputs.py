"""Arrays from outside, as numpy has them."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError

UNREADABLE = (
    *(OSError, EOFError, ValueError, RuntimeError),
    *(SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""What numpy raises over an npz or npy that it does not read; RuntimeError: a zip that is encrypted
or packed in an unknown way, SyntaxError and TokenError: a header that is damaged."""


def to_numpy(values: Any) -> NDArray[Any]:
    """Return numpy, torch (any device; bfloat16 as float32) or nested lists as an array."""
    if hasattr(values, "detach"):
        tensor = values.detach().cpu()
        values = (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
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
    try:
        if array.dtype.kind == "S":
            return np.asarray(np.strings.decode(array, "utf-8"))
        if array.dtype.kind == "U":
            np.strings.encode(array, "utf-8")  # fails at half of a surrogate pair
    except ValueError as error:
        found = getattr(error, "object", "a character beyond Unicode")
        found = found if isinstance(found, bytes) else str(found)
        raise InputError(
            f"{source} holds {found!r} in {name}, which is not UTF-8 text: store it as UTF-8."
        ) from error
    return array


def array_in(npz: Any, name: str, source: object) -> NDArray[Any]:
    """Read an array of an open npz.

    Raises:
        InputError: what has this name is no array, as in a zip that another program made.
    """
    found = npz[name]
    if not isinstance(found, np.ndarray):
        raise InputError(
            f"{source} holds '{name}', which is not an array as numpy stores it: write the file "
            "with np.savez."
        )
    return found
