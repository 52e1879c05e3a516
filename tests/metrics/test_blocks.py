"""Counting in a block that another worker scored with other last bits."""

from __future__ import annotations

import numpy as np

from vrbench.metrics.blocks import Counted, count_block, look
from vrbench.sims.sim import Rows
from vrbench.sims.truth import Queries


def test_positives_are_known_by_their_place() -> None:
    """Several positives a query, of which the second read gives each another last bit."""
    rng = np.random.default_rng(0)
    sim = rng.integers(0, 5, (4, 9)).astype(np.float32)
    query, item = np.repeat(np.arange(4), 3), np.tile([0, 4, 8], 4)
    nudged = sim.copy()
    nudged[query, item] = np.nextafter(sim[query, item], rng.choice([-9, 9], 12).astype("f4"))

    def counted(second: np.ndarray) -> list[Counted]:
        """Count in two parts of the gallery, after a read of ``sim``."""
        halves = [(slice(0, 5), item < 5), (slice(5, 9), item >= 5)]

        def part(of: np.ndarray, half: slice, here: np.ndarray) -> Queries:
            rows = Rows(np.ascontiguousarray(of[:, half]))
            return Queries(rows, query[here], item[here] - half.start, "t2v")

        first, last = (look(part(sim, *half), half[0].start, None, True) for half in halves)
        known = first.join(last)
        return [count_block(part(second, *h), 0, h[0].start, known, None) for h in halves]

    for one, other in zip(counted(sim), counted(nudged), strict=True):
        for name in ("better", "tied", "above", "level"):
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name), name)
