"""``drop-dtw``: dynamic time warping that may drop clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy
from vrbench.sequences.base import Conventions, Float, PairAlignment, Pairs, sequences


@sequences.register("drop-dtw")
@dataclass(frozen=True)
class DropDTW(PairAlignment):
    """Minus the cost of matching every caption, in order, where clips may be dropped.

    It is ``vrbench.sequences.drop_dtw`` on ``offset - S``, exclusive and contiguous. Where a
    paragraph has more captions than the video has clips, a clip may take several captions
    (``exclusive=False``).

    Source: Dvornik et al., NeurIPS 2021, Algorithm 1 (drops on the video's side only).

    Attributes:
        drop: every clip's drop cost is this quantile (0 to 1, linearly interpolated) of the pair's
            costs.
        offset: cost = offset - similarity.

    Raises:
        InputError: ``drop`` is no quantile.
    """

    drop: float = 0.3
    offset: float = 1.0
    source = "Dvornik et al., NeurIPS 2021"

    def __post_init__(self) -> None:
        if not 0 <= self.drop <= 1:
            raise InputError(f"drop is a quantile from 0 to 1, it is {self.drop}.")

    def score(self, pairs: Pairs) -> Float:
        """(pairs,) minus the cost."""
        cost = np.subtract(self.offset, pairs.sim, out=pairs.sim)
        n, m, lanes = cost.shape
        drop = np.quantile(cost.reshape(n * m, lanes), self.drop, axis=0)
        tables = _tables(cost, np.broadcast_to(drop, (m, lanes)), exclusive=n <= m, contiguous=True)
        return -np.minimum(tables.matched[n, m], tables.dropped[n, m])

    def about(self, sim: NDArray[Any]) -> Conventions:
        """Return offset, length scaling and the share of negative costs."""
        negative = float((sim > self.offset).mean())
        return {"offset": self.offset, "length_norm": "none", "negative": negative}


def drop_dtw(
    cost: Any, drop: Any, exclusive: bool = True, contiguous: bool = True
) -> tuple[float, NDArray[np.int64]]:
    """Match every step to clips in order, or drop clips, at the least cost.

    ``M[k, j] = c[k, j] + min(M[k-1, j-1], X[k-1, j-1], M[k, j-1])`` (clip j is matched to step k),
    ``X[k, j] = drop[j] + min(M[k, j-1], X[k, j-1])`` (clip j is dropped after step k); the result
    is min(M[n, m], X[n, m]).

    Args:
        cost: (steps, clips) of matching a clip to a step.
        drop: (clips,) of dropping a clip, or one number for all.
        exclusive: a clip takes at most one step; else M[k, j] may also come from M[k-1, j].
        contiguous: no drops inside a step; else M[k, j] may also come from X[k, j-1].

    Returns:
        The cost, and (clips,) 0 where the clip is dropped, k where it is matched to step k (from
        1), the first of them where it takes several.

    Raises:
        InputError: shapes do not fit, a value is not finite, or there are more steps than clips
            and ``exclusive`` is true.

    Source: Dvornik et al., NeurIPS 2021, Algorithm 1. Where costs tie, matching a clip is preferred
    to dropping it, and starting a new step to continuing one.
    """
    c = to_numpy(cost).astype(np.float64)
    if c.ndim != 2 or 0 in c.shape:
        raise InputError(f"cost has shape {c.shape}, expected (steps, clips).")
    d = to_numpy(drop).astype(np.float64)
    if d.shape not in ((), c.shape[1:]):
        raise InputError(f"drop has shape {d.shape}, expected ({c.shape[1]},), one for each clip.")
    if not (np.isfinite(c).all() and np.isfinite(d).all()):
        raise InputError("Costs and drop costs must be finite.")
    if exclusive and len(c) > c.shape[1]:
        raise InputError(
            f"{len(c)} steps cannot each take a clip of their own of {c.shape[1]}: give "
            "exclusive=False."
        )
    drops = np.broadcast_to(d, c.shape[1])
    tables = _tables(c[..., None], drops[:, None], exclusive=exclusive, contiguous=contiguous)
    return _trace(Tables(*(table[..., 0] for table in tables)), exclusive, contiguous)


class Tables(NamedTuple):
    """Least costs up to step k and clip j, (steps + 1, clips + 1, pairs) each.

    Attributes:
        matched: clip j is matched to step k.
        dropped: clip j is dropped after step k.
    """

    matched: Float
    dropped: Float


def _tables(cost: Float, drop: Float, *, exclusive: bool, contiguous: bool) -> Tables:
    n, m, pairs = cost.shape
    matched, dropped = (np.full((n + 1, m + 1, pairs), np.inf) for _ in range(2))
    dropped[0, 0] = 0
    np.cumsum(drop, axis=0, out=dropped[0, 1:])
    tables = Tables(matched, dropped)
    for k in range(1, n + 1):
        for j in range(1, m + 1):
            least = np.minimum.reduce(
                [tables[s][a, b] for s, a, b in _before(k, j, exclusive, contiguous)]
            )
            matched[k, j] = cost[k - 1, j - 1] + least
            np.minimum(matched[k, j - 1], dropped[k, j - 1], out=dropped[k, j])
            dropped[k, j] += drop[j - 1]
    return tables


def _before(k: int, j: int, exclusive: bool, contiguous: bool) -> list[tuple[int, int, int]]:
    """(table, step, clip) that may come before clip j in step k, in the order of preference."""
    before = [(0, k - 1, j - 1), (1, k - 1, j - 1), (0, k, j - 1)]
    if not contiguous:
        before.append((1, k, j - 1))
    if not exclusive:
        before.append((0, k - 1, j))
    return before


def _trace(tables: Tables, exclusive: bool, contiguous: bool) -> tuple[float, NDArray[np.int64]]:
    k, j = (side - 1 for side in tables.matched.shape)
    labels = np.zeros(j, dtype=np.int64)
    state = int(tables.dropped[k, j] < tables.matched[k, j])
    cost = float(tables[state][k, j])
    while j > 0:
        if state == 0:
            labels[j - 1] = k
            before = _before(k, j, exclusive, contiguous)
        else:
            before = [(0, k, j - 1), (1, k, j - 1)]
        state, k, j = min(before, key=lambda at: tables[at[0]][at[1], at[2]])
    return cost, labels
