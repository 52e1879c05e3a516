"""The queue of ``momentum``: the last items that a teacher gave, beside those of a batch."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from vrbench.alignments.engine.batch import Packed

if TYPE_CHECKING:
    from torch import Tensor


class TokenQueue:
    """The last items of one side that a teacher gave, fine (tokens) and global, oldest first.

    Source: TokenFlow, Appendix B: four queues, which are those of two sides.

    Args:
        size: items that it holds at most.
    """

    def __init__(self, size: int) -> None:
        self._items: deque[tuple[Tensor, Tensor | None]] = deque(maxlen=size)

    def __len__(self) -> int:
        return len(self._items)

    def append(self, items: Packed) -> None:
        """Put a batch in, without gradient; the oldest leave."""
        import torch

        tokens = torch.split(items.tokens.detach(), np.asarray(items.lengths).tolist())
        none = [None] * len(tokens)
        vectors = none if items.globals_ is None else items.globals_.detach().unbind()
        self._items.extend((t.clone(), v) for t, v in zip(tokens, vectors, strict=True))

    def behind(self, batch: Packed) -> Packed:
        """Return the batch with the queue's items after its own."""
        import torch

        tokens = torch.cat([batch.tokens, *(tokens for tokens, _ in self._items)])
        lengths = [*map(int, batch.lengths), *(len(tokens) for tokens, _ in self._items)]
        if batch.globals_ is None:
            return Packed(tokens, lengths)
        vectors = [vector[None] for _, vector in self._items if vector is not None]
        return Packed(tokens, lengths, torch.cat([batch.globals_, *vectors]))
