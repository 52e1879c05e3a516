"""A side of a batch as tensors that gradients are asked of."""

from __future__ import annotations

import torch

from vrbench.alignments.engine.batch import Packed
from vrbench.features import Tokens


def packed(side: Tokens, kind: torch.dtype = torch.float64) -> Packed:
    """Tensors that gradients are asked of."""
    vectors = side.global_vectors
    return Packed(
        torch.tensor(side.tokens, dtype=kind, requires_grad=True),
        side.lengths,
        None if vectors is None else torch.tensor(vectors, dtype=kind, requires_grad=True),
    )
