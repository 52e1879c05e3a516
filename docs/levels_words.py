"""Sentences on rows of a table, taken from their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np

Rows = Mapping[str, Sequence[float]]
"""Name of a row -> its value of each seed."""


def apart(rows: Rows) -> list[tuple[str, str, float]]:
    """Return pairs (above, below, difference of the means) that their seeds tell apart.

    Every seed of the one is above every seed of the other, and the means differ by more than twice
    the standard deviation of their difference.
    """
    found = []
    for one, other in permutations(rows, 2):
        a, b = np.asarray(rows[one]), np.asarray(rows[other])
        gain = float(a.mean() - b.mean())
        deviation = float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a)))
        if a.min() > b.max() and gain > 2 * deviation:
            found.append((one, other, gain))
    return found


def compared(what: str, rows: Rows, word: str = "above") -> str:
    """Return what the seeds say of the rows: which is above which, and by how much."""
    pairs = apart(rows)
    means = {name: float(np.mean(values)) for name, values in rows.items()}
    low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    if not pairs:
        one, other = f"{means[low]:.1f}", f"{means[high]:.1f}"
        lie = (
            f"lie between {one} ({low}) and {other} ({high})" if one != other else f"are all {one}"
        )
        return f"{what}: no row is told apart from another by its seeds; the means {lie}."
    above: dict[str, list[str]] = {}
    for one, other, gain in pairs:
        above.setdefault(one, []).append(f"{other} (by {gain:.1f})")
    said = "; ".join(f"{one} is {word} {', '.join(some)}" for one, some in above.items())
    return f"{what}: {said}. No other two rows are told apart by their seeds."


def less_is_better(what: str, rows: Rows) -> str:
    """Return the same of ranks and of what is to be avoided."""
    return compared(f"{what} (less is better)", rows, "larger than")


def sampling(rows: Rows, queries: int) -> float:
    """Return the standard deviation that the sampling of queries gives a recall, in points.

    Args:
        rows: of a recall in percent; taken at their mean.
        queries: how many there are.
    """
    share = float(np.mean([value for row in rows.values() for value in row])) / 100
    return 100 * float(np.sqrt(share * (1 - share) / queries))
