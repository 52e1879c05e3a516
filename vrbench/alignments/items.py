"""Items: a block of Tokens as alignments read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import bad_rows
from vrbench.features.tokens import FRAME_LEVEL, Tokens

if TYPE_CHECKING:
    from torch import Tensor, device, dtype


@dataclass(frozen=True)
class Items:
    """A block of items, scaled and in working precision.

    Attributes:
        tokens: (sum l, d).
        offsets: (n + 1,).
        global_vectors: (n, d).
    """

    tokens: Tensor
    offsets: NDArray[np.int64]
    global_vectors: Tensor

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def means(self) -> Tensor:
        """(n, d) mean token of each item, not scaled again."""
        import torch

        lengths = torch.as_tensor(np.diff(self.offsets), device=self.tokens.device)
        return torch.segment_reduce(self.tokens, "mean", lengths=lengths, axis=0)


def prepare(tokens: Tokens, kind: dtype, on: device, level: int = FRAME_LEVEL) -> Items:
    """Check a block of Tokens and bring it into the form that alignments read.

    Cosine features are scaled to length 1 here, whatever their stored length. An item without a
    stored global vector gets l2(mean(l2(tokens))), or the mean token where dot products are
    scored as they are.

    Raises:
        InputError: a token is NaN, infinite or (for cosines) zero; the sentence names the item.
    """
    import torch

    tokens = tokens.at_level(level)
    owner = np.repeat(np.arange(len(tokens)), tokens.lengths)
    for problem in bad_rows(tokens.tokens, tokens.ids[owner], tokens, "a token"):
        raise InputError(problem)

    def scaled(rows: Tensor) -> Tensor:
        if not tokens.normalized:
            return rows
        length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True, dtype=torch.float64)
        return rows.div(length.to(rows.dtype))

    rows = scaled(torch.as_tensor(tokens.tokens).to(on, kind))
    if tokens.global_vectors is None:
        vectors = Items(rows, tokens.offsets, rows).means()
    else:
        for problem in bad_rows(tokens.global_vectors, tokens.ids, tokens, "its global vector"):
            raise InputError(problem)
        vectors = torch.as_tensor(tokens.global_vectors).to(on, kind)
    return Items(rows, tokens.offsets, scaled(vectors))
