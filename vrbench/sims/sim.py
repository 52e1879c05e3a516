"""Sim: the similarities that an alignment returns, and a normalization takes and returns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy
from vrbench.sims.levels import Levels
from vrbench.sims.scored import ScoredMatrix
from vrbench.sims.stored import StoredMatrix

Direction = Literal["t2v", "v2t"]
DIRECTIONS: tuple[Direction, Direction] = ("t2v", "v2t")


class SequenceAbout(TypedDict):
    """Conventions of a sequence alignment's scores in one direction.

    ``windows``: whether the clips are windows of whole videos; missing where that is not known.
    """

    bucket_of: str | None
    bucket: NotRequired[float | None]
    offset: NotRequired[float | None]
    negative: NotRequired[float | None]
    length_norm: NotRequired[str | None]
    windows: NotRequired[bool | None]


class SequenceByDirection(TypedDict):
    """Conventions of a sequence alignment's scores."""

    t2v: NotRequired[SequenceAbout | None]
    v2t: NotRequired[SequenceAbout | None]


BLOCK_BYTES = 16_000_000
"""Size of a block of rows that is worked on at once."""


@dataclass(frozen=True, eq=False)
class Sim:
    """Two similarity matrices, texts x videos whatever the direction.

    Token methods score the two directions differently; symmetric ones return one array twice.

    Attributes:
        t2v: (n_text, n_video) ranks videos for a text; None where only v2t is needed. A
            leading axis holds alignment levels.
        v2t: (n_text, n_video) ranks texts for a video; None where only t2v is needed.
        info: what the sequence alignment that made it reports.
    """

    t2v: Any
    v2t: Any
    info: SequenceByDirection = field(default_factory=SequenceByDirection, kw_only=True)

    def __repr__(self) -> str:
        found = {d: getattr(self, d) for d in DIRECTIONS if getattr(self, d) is not None}
        if not found:
            return "Sim(empty)"
        shape = np.shape(next(iter(found.values())))
        levels = f"{shape[0]} levels, " if len(shape) == 3 else ""
        kind = getattr(next(iter(found.values())), "dtype", "numbers")
        same = "both directions the same" if self.v2t is self.t2v else " and ".join(found)
        return f"Sim({levels}{shape[-2]} texts x {shape[-1]} videos, {kind}, {same})"

    def levels(self, direction: Direction) -> list[NDArray[Any]]:
        """(queries, gallery) of each alignment level, a query in each row (views)."""
        matrix = as_matrix(getattr(self, direction))
        levels = [matrix] if matrix.ndim == 2 else list(matrix)
        return levels if direction == "t2v" else [level.T for level in levels]

    def take(self, direction: Direction, index: NDArray[np.int64]) -> Sim:
        """Return some queries of one direction, without the other direction."""
        if direction == "t2v":
            return Sim(np.asarray(self.t2v)[..., index, :], None)
        return Sim(None, np.asarray(self.v2t)[..., index])

    def flat(self) -> Sim:
        """Return the mean of the alignment levels, where there are several."""
        t2v = mean_level(self.t2v)
        return Sim(t2v, t2v if self.v2t is self.t2v else mean_level(self.v2t))


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a matrix, a re-iterable source of blocks of whole rows.

    Attributes:
        matrix: (n, m).
        index: (n',) which rows, in order; None: all of them.
    """

    matrix: NDArray[Any]
    index: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.matrix) if self.index is None else len(self.index)

    @property
    def width(self) -> int:
        """Entries m of a row."""
        return int(self.matrix.shape[1])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for rows in self.slices():
            yield self.block(rows)

    def slices(self) -> Iterator[slice]:
        """Yield the row ranges of the blocks."""
        size = getattr(self.matrix, "block_bytes", BLOCK_BYTES)
        step = max(1, size // (8 * max(self.width, 1)))
        for start in range(0, len(self), step):
            yield slice(start, min(start + step, len(self)))

    def distinct(self) -> int:
        """Return how many rows differ."""
        return len(set(self.digests()))

    def digests(self, kind: Any = None) -> Iterator[bytes]:
        """Yield a digest of each row, the same for rows that are equal as numbers.

        Args:
            kind: dtype in which they are compared; None: that of the matrix.
        """
        for block in self:
            for row in np.ascontiguousarray(block, dtype=kind) + 0.0:  # -0.0 is 0.0
                yield hashlib.blake2b(row, digest_size=16).digest()

    def as_stored(self) -> tuple[Rows, bool]:
        """Return the matrix in its stored order, and whether its rows are then the columns."""
        matrix = self.matrix
        if isinstance(matrix, StoredMatrix | ScoredMatrix):
            flipped = matrix.transposed
        else:
            flipped = matrix.flags.f_contiguous and not matrix.flags.c_contiguous
        if self.index is not None or not flipped:
            return self, False
        return Rows(matrix.T), True

    def pairs(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[Any]:
        """(p,) the entries at these rows and columns."""
        row = row if self.index is None else self.index[row]
        if not isinstance(self.matrix, StoredMatrix):
            return np.asarray(self.matrix[row, column])
        if self.matrix.transposed:
            return Rows(self.matrix.T).pairs(column, row)
        found = np.empty(len(row), dtype=self.matrix.dtype)
        for part in Rows(self.matrix).slices():
            here = np.flatnonzero((row >= part.start) & (row < part.stop))
            found[here] = self.matrix[part][row[here] - part.start, column[here]]
        return found

    def block(self, rows: slice) -> NDArray[Any]:
        """Return these rows, contiguous."""
        if self.index is None:
            part = self.matrix[rows]
        else:
            part = np.asarray(self.matrix)[self.index[rows]]
        return np.ascontiguousarray(part)


def is_finite(block: NDArray[Any]) -> bool:
    """Whether no value is NaN or infinite: one read, unless a sum overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(block.sum(axis=0)).all() or np.isfinite(block).all())


def check_finite(rows: Rows, direction: Direction, what: str = "similarity") -> None:
    """Refuse a matrix that holds NaN or infinity.

    Args:
        rows: a query in each row.
        direction: t2v or v2t.
        what: name of the numbers.

    Raises:
        InputError: a value is not finite; the sentence names text and video by number, from 0.
    """
    stored, flipped = rows.as_stored()
    for part in stored.slices():
        block = stored.block(part)
        if is_finite(block):
            continue
        if (direction == "t2v") != flipped:
            raise not_finite(block, direction, (part.start, 0), what)
        raise not_finite(block.T, direction, (0, part.start), what)


def not_finite(
    block: NDArray[Any], direction: Direction, start: tuple[int, int], what: str = "similarity"
) -> InputError:
    """Return the error that names the first pair of a block (texts, videos) that is not finite.

    Args:
        block: similarities.
        direction: t2v or v2t.
        start: the numbers of its first text and video.
        what: name of the numbers.
    """
    text, video = np.argwhere(~np.isfinite(block))[0]
    return InputError(
        f"The {direction} {what} of text {start[0] + text} and video {start[1] + video} is "
        f"{block[text, video]}: every similarity must be finite."
    )


def mean_level(values: Any) -> Any:
    """(levels, n, m) -> (n, m), others as they are."""
    return values.mean(axis=0) if values is not None and np.ndim(values) == 3 else values


def as_matrix(values: Any) -> NDArray[Any]:
    """Return ``values`` (numpy, torch, nested lists) as a float array; float64 stays float64."""
    if isinstance(values, StoredMatrix | ScoredMatrix | Levels):
        return values  # type: ignore[return-value]  # has what the readers of blocks need
    array = to_numpy(values)
    if array.dtype in (np.float32, np.float64):
        return array
    return array.astype(np.float32 if array.dtype == np.float16 else np.float64)


def as_sim(values: Any, *, one_sided: bool = False) -> Sim:
    """Read an object or dict with ``t2v`` and ``v2t``, or one matrix.

    Args:
        values: what to read.
        one_sided: one matrix is that of t2v only, not of both directions.

    Raises:
        InputError: it has neither direction.
    """
    if isinstance(values, Mapping):
        parts = [values.get(direction) for direction in DIRECTIONS]
    elif hasattr(values, "t2v"):
        parts = [getattr(values, direction, None) for direction in DIRECTIONS]
    else:
        parts = [values, None if one_sided else values]
    if all(part is None for part in parts):
        raise InputError("A similarity or bank needs 't2v', 'v2t' or both.")
    return Sim(*(None if part is None else as_matrix(part) for part in parts))
