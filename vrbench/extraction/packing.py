"""An encoded item as Tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.encoders import Encoded
from vrbench.errors import InputError
from vrbench.features.tokens import Tokens, offsets_of


def packed(name: str, encoded: Encoded, columns: Mapping[str, NDArray[Any]]) -> Tokens:
    """Return one encoded item with its token columns.

    Raises:
        InputError: the encoder gave a number that is not finite.
    """
    if not (np.isfinite(encoded.tokens).all() and np.isfinite(encoded.global_vector).all()):
        raise InputError(f"The encoder gave NaN or infinity for '{name}'.")
    return Tokens(
        ids=strings([name]),
        tokens=encoded.tokens,
        offsets=offsets_of([len(encoded.tokens)]),
        global_vectors=encoded.global_vector[None],
        token_columns=columns,
    )


def strings(values: Sequence[str]) -> NDArray[Any]:
    """Return an array of strings, as Tokens hold them."""
    return np.array(list(values), dtype=np.dtypes.StringDType())


def columns(**values: str | int | float) -> dict[str, NDArray[Any]]:
    """Return what is said of one item as columns of Tokens."""
    return {
        name: strings([value]) if isinstance(value, str) else np.array([value])
        for name, value in values.items()
    }
