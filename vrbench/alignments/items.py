"""Items: a block of Tokens as alignments read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import bad_rows
from vrbench.features.tokens import FRAME_LEVEL, Tokens

if TYPE_CHECKING:
    from torch import Tensor, device, dtype


SAFE = 1e-12
"""Rows no shorter than this and no longer than its inverse are scaled in float32."""


@dataclass(frozen=True)
class Items:
    """A block of items, scaled and in working precision.

    Attributes:
        tokens: (sum l, d).
        offsets: (n + 1,).
        stored: what the block was made from.
    """

    tokens: Tensor
    offsets: NDArray[np.int64]
    stored: Tokens

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def means(self) -> Tensor:
        """(n, d) mean token of each item, not scaled again."""
        import torch

        lengths = torch.as_tensor(np.diff(self.offsets), device=self.tokens.device)
        return torch.segment_reduce(self.tokens, "mean", lengths=lengths, axis=0)

    @cached_property
    def global_vectors(self) -> Tensor:
        """(n, d) the stored vectors; without them l2(mean(l2(tokens))).

        Where dot products are scored as they are, the stored vector or the mean token as it is.

        Raises:
            InputError: a vector is NaN, infinite or (for cosines) zero.
        """
        stored = self.stored
        if stored.global_vectors is not None:
            _refuse(stored.global_vectors, stored.ids, stored, "its global vector")
            return self._scaled(stored.global_vectors)
        vectors = self.means()
        if stored.normalized:
            _refuse(vectors.cpu().numpy(), stored.ids, stored, "the mean of its tokens")
        return self._scaled(vectors)

    def _scaled(self, vectors: NDArray[Any] | Tensor) -> Tensor:
        normalized, kind = self.stored.normalized, self.tokens.dtype
        return _scaled(vectors, normalized, kind).to(self.tokens.device)


def prepare(tokens: Tokens, kind: dtype, on: device, level: int = FRAME_LEVEL) -> Items:
    """Check a block of Tokens and bring it into the form that alignments read.

    Cosine features are scaled to length 1 here, whatever their stored length.

    Raises:
        InputError: a token is NaN, infinite or (for cosines) zero; the sentence names the item.
    """
    tokens = tokens.at_level(level)
    owner = np.repeat(np.arange(len(tokens)), tokens.lengths)
    _refuse(tokens.tokens, tokens.ids[owner], tokens, "a token")
    rows = _scaled(tokens.tokens, tokens.normalized, kind)
    return Items(rows.to(on), tokens.offsets, tokens)


def _refuse(rows: NDArray[Any], ids: NDArray[Any], side: Tokens, what: str) -> None:
    for problem in bad_rows(rows, ids, side, what):
        raise InputError(problem)


def _scaled(rows: NDArray[Any] | Tensor, normalized: bool, kind: dtype) -> Tensor:
    """Bring rows into working precision, scaled to length 1 where they are to be."""
    import torch

    values = torch.as_tensor(rows)
    if not normalized:
        return values.to(kind)
    if kind == torch.float64 or values.dtype == torch.float64:
        return _unit(values.double()).to(kind)
    values = values.to(kind)
    length = torch.linalg.vector_norm(values, dim=-1, keepdim=True)
    result: Tensor = values / length
    extreme = ~((length > SAFE) & (length < 1 / SAFE)).squeeze(-1)
    if extreme.any():  # squares have lost digits
        result[extreme] = _unit(values[extreme].double()).to(kind)
    return result


def _unit(rows: Tensor) -> Tensor:
    """Scale float64 rows to length 1, so that neither long nor short ones overflow."""
    import torch

    rows = rows / rows.abs().amax(dim=-1, keepdim=True)
    unit: Tensor = rows / torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    return unit
