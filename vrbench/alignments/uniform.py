"""``uniform``: the mean of all token-to-token similarities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrbench.alignments import alignments
from vrbench.alignments.base import Level, VectorAlignment
from vrbench.alignments.engine.items import Items

if TYPE_CHECKING:
    from torch import Tensor


@alignments.register("uniform")
@dataclass(frozen=True)
class Uniform(VectorAlignment):
    """Mean of all token similarities, which is the dot product of the mean tokens.

    ``s = 1 / (l1 l2) * sum_{s,t} c[s,t] = mean_s(mu_s) . mean_t(omega_t)``; the means of the
    length-1 tokens are not scaled again.

    Source: TokenFlow eq. 10.

    Attributes:
        level: tokens of the videos, ``frame`` or ``patch``, where the file has both.
    """

    level: Level = "frame"
    source = "TokenFlow eq. 10"

    def vectors(self, items: Items) -> Tensor:
        """(n, d) the mean tokens."""
        return items.means()
