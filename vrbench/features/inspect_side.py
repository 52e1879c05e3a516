"""Inspecting one side of a feature file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import bad_rows
from vrbench.features.strings import StoredStrings
from vrbench.features.tokens import FRAME_LEVEL, PATCH_LEVEL, Tokens

MOST = 5
"""Most items of a side that are reported for bad values."""

LEVELS = {FRAME_LEVEL: "frame", PATCH_LEVEL: "patch"}
BLOCK_STRINGS = 100_000
BLOCK_BYTES = 32_000_000
"""Vectors that are read at once, in float64."""


@dataclass(frozen=True)
class SideReport:
    """One side of a feature file.

    Attributes:
        items: n.
        tokens: sum l.
        dim: width d.
        dtype: storage type of the tokens.
        lengths: tokens an item: min, median, max.
        token_norms: Euclidean lengths of the tokens that are finite: min, mean, max.
        global_norms: the same of the global vectors; None where the file has none.
        levels: tokens of each level, where the file says which they are.
        columns: the other columns of items and tokens.
    """

    items: int
    tokens: int
    dim: int
    dtype: str
    lengths: Mapping[str, float]
    token_norms: Mapping[str, float] | None
    global_norms: Mapping[str, float] | None
    levels: Mapping[str, int] | None
    columns: tuple[str, ...]


def report_side(tokens: Tokens) -> tuple[SideReport, list[str]]:
    """Read every vector of a side; return its report, and a sentence for each bad item."""
    token_norms, problems = _read(tokens, tokens.tokens, tokens.offsets, "a token")
    global_norms = _Norms()
    if tokens.global_vectors is not None:
        each = np.arange(len(tokens) + 1)
        global_norms, found = _read(tokens, tokens.global_vectors, each, "its global vector")
        problems += found
    problems += _text_problems(tokens)
    if tokens.lengths.all() and len(tokens.token_columns.get("level", ())) >= tokens.offsets[-1]:
        problems += tokens.level_problems(FRAME_LEVEL)
    report = SideReport(
        items=len(tokens),
        tokens=int(tokens.offsets[-1] - tokens.offsets[0]),
        dim=tokens.dim,
        dtype=str(tokens.tokens.dtype),
        lengths=spread(tokens.lengths),
        token_norms=token_norms.summary(),
        global_norms=global_norms.summary(),
        levels=_levels(tokens),
        columns=(*tokens.item_columns, *tokens.token_columns),
    )
    return report, _shortened(problems, tokens.name)


def _read(
    tokens: Tokens, vectors: Any, offsets: NDArray[np.int64], what: str
) -> tuple[_Norms, list[str]]:
    """Read vectors in blocks of a bounded size, whatever the length of an item.

    Args:
        tokens: the side.
        vectors: its tokens, or its global vectors.
        offsets: (n + 1,) the rows of each item.
        what: what a row is called.
    """
    norms, problems = _Norms(), dict[str, None]()
    step = max(1, BLOCK_BYTES // (8 * tokens.dim))
    for start in range(int(offsets[0]), int(offsets[-1]), step):
        stop = min(start + step, int(offsets[-1]))
        ids = tokens.ids[np.searchsorted(offsets, np.arange(start, stop), side="right") - 1]
        try:
            rows = np.asarray(vectors[start:stop])
        except OSError as error:
            where = f"Items '{ids[0]}' to '{ids[-1]}' of {tokens.name}"
            return norms, [f"{where} cannot be read: {error}.", *problems]
        norms.add(rows)
        problems |= dict.fromkeys(bad_rows(rows, ids, tokens, what, len(rows)))
    return norms, list(problems)


def _text_problems(tokens: Tokens) -> Iterator[str]:
    """Read the columns that stay on disk; yield the first string of each that cannot be read."""
    for column in tokens.token_columns.values():
        if isinstance(column, StoredStrings):
            try:
                for start in range(0, len(column), BLOCK_STRINGS):
                    column[start : start + BLOCK_STRINGS]
            except InputError as error:
                yield str(error)


def _shortened(problems: list[str], name: str) -> list[str]:
    if len(problems) <= MOST:
        return problems
    return [*problems[:MOST], f"And {len(problems) - MOST} more like these in {name}."]


class _Norms:
    """Minimum, mean and maximum of the lengths of rows that come block by block."""

    def __init__(self) -> None:
        self.count, self.total, self.low, self.high = 0, 0.0, np.inf, 0.0

    def add(self, rows: NDArray[Any]) -> None:
        with np.errstate(over="ignore"):
            norms = np.linalg.norm(rows.astype(np.float64), axis=1)
        norms = norms[np.isfinite(norms)]
        if len(norms):
            self.count += len(norms)
            self.total += float(norms.sum())
            self.low = min(self.low, float(norms.min()))
            self.high = max(self.high, float(norms.max()))

    def summary(self) -> dict[str, float] | None:
        if not self.count:
            return None
        return {"min": self.low, "mean": self.total / self.count, "max": self.high}


def spread(values: NDArray[Any]) -> dict[str, float]:
    """Minimum, median and maximum of whole numbers."""
    return {
        "min": int(values.min()),
        "median": float(np.median(values)),
        "max": int(values.max()),
    }


def _levels(tokens: Tokens) -> dict[str, int] | None:
    if "level" not in tokens.token_columns:
        return None
    values, counts = np.unique(tokens.token_columns["level"], return_counts=True)
    return {LEVELS.get(int(v), str(v)): int(c) for v, c in zip(values, counts, strict=True)}
