"""Encoded items as Tokens, one at a time and joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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


def joined(items: Sequence[Tokens]) -> Tokens:
    """Return the items of several Tokens as one.

    Raises:
        InputError: one has other columns than the first.
    """
    first = items[0]
    for item in items:
        for kind in ("item_columns", "token_columns"):
            differ = getattr(first, kind).keys() ^ getattr(item, kind).keys()
            if differ:
                raise InputError(
                    f"The encoder gave '{first.ids[0]}' and '{item.ids[0]}' different values "
                    f"({', '.join(sorted(differ))}): it has to give all or none of them these."
                )
    return replace(
        first,
        ids=np.concatenate([item.ids for item in items]),
        tokens=np.concatenate([item.tokens for item in items]),
        offsets=offsets_of(np.concatenate([item.lengths for item in items])),
        global_vectors=np.concatenate([item.global_vectors for item in items]),
        item_columns={
            key: np.concatenate([item.item_columns[key] for item in items])
            for key in first.item_columns
        },
        token_columns={
            key: np.concatenate([item.token_columns[key] for item in items])
            for key in first.token_columns
        },
    )


def strings(values: Sequence[str]) -> NDArray[Any]:
    """Return an array of strings, as Tokens hold them."""
    return np.array(list(values), dtype=np.dtypes.StringDType())


def columns(**values: str | int | float) -> dict[str, NDArray[Any]]:
    """Return the properties of one item as columns of Tokens."""
    return {
        name: strings([value]) if isinstance(value, str) else np.array([value])
        for name, value in values.items()
    }
