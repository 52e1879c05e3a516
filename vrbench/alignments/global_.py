"""``global``: one vector against one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrbench.alignments import alignments
from vrbench.alignments.base import VectorAlignment
from vrbench.alignments.engine.items import Items

if TYPE_CHECKING:
    from torch import Tensor


@alignments.register("global")
@dataclass(frozen=True)
class Global(VectorAlignment):
    """Dot product of the two global vectors (the cosine, unless the features are raw).

    ``s = v . t`` with the stored global vectors; where an item has none, l2(mean(l2(tokens))),
    or of raw features the mean token as it is.

    Source: TokenFlow eq. 6; CLIP4Clip's meanP where the stored vector is the mean frame.
    """

    source = "TokenFlow eq. 6"

    def vectors(self, items: Items) -> Tensor:
        """(n, d) the global vectors."""
        return items.global_vectors
