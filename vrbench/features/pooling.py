"""Fewer tokens an item: those that are near each other become one, their mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.tokens import FRAME_LEVEL, Tokens, offsets_of

KEPT = ("level", "time", "weight")
"""Columns of tokens that a mean token has: its level, its mean time, the sum of its weights."""

Rows = NDArray[np.float64]


def pooled(items: Tokens, factor: int) -> Tokens:
    """Return items with ``max(1, l // factor)`` tokens at most for l, of each level.

    Tokens are clustered by Ward's method on ``1 - cosine``; a cluster becomes the mean of its
    tokens, scaled to length 1 first where cosines are scored. Clusters stand in the order of their
    first tokens. An item without a global vector gets that of all its tokens, so that pooling does
    not change it.

    Source: Clavie et al., Reducing the Footprint of Multi-Vector Retrieval, arXiv:2409.14683;
    pylate's hierarchical pooling. Deviation: no token is protected, and where cosines are scored
    the tokens of a file that are not of length 1 are scaled.

    Args:
        items: in memory.
        factor: >= 1; 1 changes no token.

    Raises:
        InputError: the factor is below 1, or a token of cosines has no direction.
    """
    if factor < 1:
        raise InputError(f"factor must be at least 1, it is {factor}.")
    rows = _scaled(items)
    levels = np.asarray(items.token_columns.get("level", np.zeros(len(rows))))
    groups: list[NDArray[np.int64]] = []
    counts = []
    for start, stop in pairwise(items.offsets.tolist()):
        own = levels[start:stop]
        parts = [start + np.flatnonzero(own == level) for level in np.unique(own)]
        found = [group for part in parts for group in _clusters(rows, part, factor)]
        groups += sorted(found, key=lambda group: int(group[0]))
        counts.append(len(found))
    return replace(
        items,
        tokens=np.stack([rows[group].mean(axis=0) for group in groups]),
        offsets=offsets_of(counts),
        global_vectors=_vectors(items, rows, levels),
        token_columns={
            name: _column(name, np.asarray(values), groups)
            for name, values in items.token_columns.items()
            if name in KEPT
        },
    )


def _scaled(items: Tokens) -> Rows:
    rows = np.asarray(items.tokens, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not items.normalized:
        return rows
    bad = ~(np.isfinite(lengths) & (lengths > 0))[:, 0]
    if bad.any():
        item = np.searchsorted(items.offsets, np.argmax(bad), side="right") - 1
        raise InputError(
            f"Item '{items.ids[item]}' of {items.name} has a token of zeros, or with NaN or "
            "infinity: leave it out."
        )
    return np.asarray(rows / lengths)


def _clusters(rows: Rows, token: NDArray[np.int64], factor: int) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each cluster of these tokens."""
    most = max(1, len(token) // factor)
    if most == len(token):
        yield from token[:, None]
        return
    from scipy.cluster.hierarchy import fcluster, linkage

    lengths = np.linalg.norm(rows[token], axis=1, keepdims=True)
    unit = rows[token] / np.where(lengths > 0, lengths, 1)
    above = np.triu_indices(len(token), 1)
    distances = np.clip(1 - unit @ unit.T, 0, None)[above]
    labels = fcluster(linkage(distances, method="ward"), t=most, criterion="maxclust")
    for label in np.unique(labels):
        yield token[labels == label]


def _vectors(items: Tokens, rows: Rows, levels: NDArray[Any]) -> Any:
    """(n, d) the stored global vectors, else the mean of all tokens of the frames."""
    if items.global_vectors is not None:
        return items.global_vectors
    own = levels == FRAME_LEVEL
    found = []
    for start, stop in pairwise(items.offsets.tolist()):
        part = rows[start:stop][own[start:stop]]
        found.append((part if len(part) else rows[start:stop]).mean(axis=0))
    vectors = np.stack(found)
    if not items.normalized:
        return vectors
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _column(name: str, values: NDArray[Any], groups: list[NDArray[np.int64]]) -> NDArray[Any]:
    if name == "level":
        return values[[int(group[0]) for group in groups]]
    fold = np.sum if name == "weight" else np.mean
    return np.array([fold(values[group]) for group in groups])
