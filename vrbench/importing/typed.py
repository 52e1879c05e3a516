"""Named arrays, with checks of their type and shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, shown
from vrbench.runtime.inputs import as_text

STRING = np.dtypes.StringDType()


@dataclass(frozen=True)
class TypedArrays:
    """Arrays by name.

    Attributes:
        source: where they come from, for messages.
        arrays: name -> array.
        theirs: name -> the name that an array has in the source.
    """

    source: str
    arrays: Mapping[str, NDArray[Any]]
    theirs: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def refuse(self, message: str) -> NoReturn:
        """Raise an InputError that begins with the source."""
        words = set(re.findall(r"\w+", message))
        renamed = {ours: name for ours, name in self.theirs.items() if name and name != ours}
        said = [f"{name} is read as {ours}" for ours, name in renamed.items() if ours in words]
        end = f" ({shown(said)})" if said else ""
        raise InputError(f"{self.source} {message.rstrip('.')}{end}.")

    def floats(self, name: str, *ndims: int) -> NDArray[Any]:
        """Return vectors as they are stored, (n, d) or (n, L, d), n, L and d at least 1."""
        array = self.arrays[name]
        if array.dtype.kind != "f" or array.dtype.itemsize > 8:
            self.refuse(f"holds {array.dtype} in {name}, expected float16, float32 or float64")
        if array.ndim not in ndims or 0 in array.shape:
            shapes = {2: "(n, d)", 3: "(n, L, d)"}
            expected = " or ".join(shapes[ndim] for ndim in ndims)
            self.refuse(f"holds {name} of shape {array.shape}, expected {expected}, none of them 0")
        return array

    def whole_numbers(self, name: str, n: int) -> NDArray[np.int64]:
        """Return (n,) whole numbers."""
        array = np.asarray(self._one_dimension(name, n, "whole numbers", "iu"))
        if array.dtype == np.uint64 and n and array.max() > np.iinfo(np.int64).max:
            self.refuse(f"holds {array.max()} in {name}, which is too large for a whole number")
        return array.astype(np.int64)

    def whole_grid(self, name: str, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """Return whole numbers of a shape."""
        array = np.asarray(self.arrays[name])
        if array.shape != shape or array.dtype.kind not in "iu":
            self.refuse(
                f"holds {array.dtype} {array.shape} in {name}, expected whole numbers {shape}"
            )
        return array.astype(np.int64)

    def number_grid(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return numbers of a shape, as they are stored."""
        array = np.asarray(self.arrays[name])
        if array.shape != shape or array.dtype.kind not in "iuf":
            self.refuse(f"holds {array.dtype} {array.shape} in {name}, expected numbers {shape}")
        return array

    def numbers(self, name: str, n: int) -> NDArray[Any]:
        """Return (n,) finite numbers, as they are stored."""
        array = np.asarray(self._one_dimension(name, n, "numbers", "iuf"))
        if not np.isfinite(array).all():
            row = int(np.argmin(np.isfinite(array)))
            self.refuse(f"holds {array[row]} in {name}, row {row}, expected finite numbers")
        return array

    def names(self, name: str, n: int) -> NDArray[Any]:
        """Return (n,) strings, or whole numbers as they are."""
        if self.arrays[name].dtype.kind in "iu":
            return self.whole_numbers(name, n)
        return self.strings(name, n)

    def strings(self, name: str, n: int) -> NDArray[Any]:
        """Return (n,) strings."""
        array = self._one_dimension(name, n, "strings", "UST")
        return np.asarray(as_text(array, name, self.source), dtype=STRING)

    def ids(self, name: str, n: int, default: str) -> NDArray[Any]:
        """Return (n,) ids, from strings or whole numbers; ``default`` and a number if missing."""
        if name not in self.arrays:
            return np.array([f"{default}{i}" for i in range(n)], dtype=STRING)
        array = self._one_dimension(name, n, "strings or whole numbers", "USTiu")
        return np.array(
            [str(item) for item in as_text(array, name, self.source).tolist()], dtype=STRING
        )

    def mask(self, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return an (n, L) mask; whole numbers are allowed if they are 0 and 1."""
        array = np.asarray(self.arrays[name])
        if array.shape != shape:
            self.refuse(f"holds {name} of shape {array.shape}, expected {shape}")
        if array.dtype.kind not in "biu" or not np.isin(array, (0, 1)).all():
            self.refuse(f"holds {array.dtype} in {name}, expected true where there is a token")
        return array.astype(np.bool_)

    def _one_dimension(self, name: str, n: int, what: str, kinds: str) -> NDArray[Any]:
        array = self.arrays[name]
        if array.dtype.kind not in kinds:
            self.refuse(f"holds {array.dtype} in {name}, expected {what}")
        if array.shape != (n,):
            self.refuse(f"holds {name} of shape {array.shape}, expected ({n},)")
        return array
