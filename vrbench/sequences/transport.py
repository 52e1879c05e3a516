"""``transport``: the similarity under an optimal transport plan of captions and clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vrbench.errors import InputError
from vrbench.sequences.base import Float, PairAlignment, Pairs, sequences
from vrbench.sequences.engine.sinkhorn import scores
from vrbench.sequences.plan import bucketed, check, in_range


@sequences.register("transport")
@dataclass(frozen=True)
class SequenceTransport(PairAlignment):
    """Similarity under the entropic transport plan, without the bucket's row and column.

    ``score = sum_ij Q[i, j] S[i, j]``, Q as in ``vrbench.sequences.transport_plan``: masses 1/n
    and 1/m without a bucket, 1/(n+1) and 1/(m+1) with one; the kept plan is not rescaled.

    Source: Norton eq. 2, 3 and 6.

    Attributes:
        reg: weight > 0 of the entropy, on the scale of the similarities.
        iterations: of Sinkhorn.
        bucket: the prompt value is this quantile (0 to 1, linearly interpolated) of the matched
            clip-caption similarities of the bank, or of the test set where there is no bank
            (transductive). ``none``: no bucket.
        bucket_value: the prompt value itself.
        variant: marginals with a bucket: ``exact``, or ``norton`` as released (SuperGlue's). The
            plan of the release is afterwards rescaled to a total mass; here it is not.

    Raises:
        InputError: a parameter is out of range, or the bucket is given twice.
    """

    reg: float = 0.1
    iterations: int = 50
    bucket: float | None = None
    bucket_value: float | None = None
    variant: Literal["exact", "norton"] = "exact"
    source = "Norton eq. 2, 3 and 6"

    def __post_init__(self) -> None:
        check(self.reg, self.iterations, self.variant)
        if self.bucket is not None and not 0 <= self.bucket <= 1:
            raise InputError(f"bucket is a quantile from 0 to 1, it is {self.bucket}.")
        if self.bucket is not None and self.bucket_value is not None:
            raise InputError("Give the bucket as a quantile (bucket) or as a value, not as both.")

    @property
    def matched_quantile(self) -> float | None:
        """Quantile that gives the prompt value."""
        return self.bucket

    def score(self, pairs: Pairs) -> Float:
        """(pairs,) sum of plan times similarity."""
        bucket = pairs.matched if self.bucket_value is None else self.bucket_value
        problem = bucketed(pairs.sim.shape, self.reg, bucket, self.iterations, self.variant)
        return in_range(scores, pairs.sim, problem)
