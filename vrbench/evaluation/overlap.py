"""Finding the test queries in a bank, by their ids and by their similarities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.evaluation.sources.base import Source
from vrbench.features.overlap import Overlap, fingerprints, known_ids, nearly_equal
from vrbench.normalizations.bank import BankSim
from vrbench.sims.sim import DIRECTIONS, Direction, Rows, Sim

EVEN = 200
"""How much larger than the middle half of them the largest similarity may be."""


def bank_overlap(source: Source, sim: Sim, bank: BankSim) -> Overlap | None:
    """Find the test queries that have the id or, bit for bit, the similarities of a bank query.

    Args:
        source: says the ids of both.
        sim: the test queries, before normalization.
        bank: None comes back for one that is made of the test queries themselves.

    Raises:
        InputError: a bank that is said to be of training queries is the test set.
    """
    if bank.sim is None:
        return None
    found, banked, flat = Overlap({}, {}), source.bank_ids(bank.kind), sim.flat()
    queries = {"text": np.arange(source.truth.n_text), "video": np.unique(source.truth.video)}
    for side, direction in zip(queries, DIRECTIONS, strict=True):
        same = known_ids(getattr(source, f"{side}_ids"), banked[side], side)
        same |= _known_rows(flat, bank, direction)
        found = found.with_side(side, same[queries[side]])
    if found.whole and bank.kind == "train":
        raise InputError(
            f"The bank of {source.about['features']['file']} is its test set: {found.said} are in "
            "it, by id or by their similarities: use --bank test, which is printed as "
            "transductive, or a bank of training queries."
        )
    return found


def overlap_notes(found: Overlap | None) -> list[str]:
    """Say which part of the test set a bank holds, where it holds any."""
    if found is None or not any(found.shared.values()):
        return []
    return [f"The bank holds {found.said} (the same id or the same similarities)."]


def _known_rows(flat: Sim, bank: BankSim, direction: Direction) -> NDArray[np.bool_]:
    """(n,) whether the bank has the similarities of each test query."""
    rows, banked = Rows(flat.levels(direction)[0]), bank.rows(direction)
    if banked is None:
        return np.zeros(len(rows), dtype=bool)
    narrow = min((rows.matrix.dtype, banked.matrix.dtype), key=lambda kind: kind.itemsize)
    known = set(banked.digests(narrow))
    same = np.array([digest in known for digest in rows.digests(narrow)], dtype=bool)
    if not _is_even(next(iter(rows))):
        return same
    return same | nearly_equal(*_fingerprints(rows, banked))


def _is_even(block: NDArray[Any]) -> bool:
    """Whether what float16 rounds off the largest similarity is less than they differ by."""
    quarters = np.quantile(block.astype(np.float64), (0.25, 0.75))
    return bool(np.abs(block).max() < EVEN * np.diff(quarters)[0])


def _fingerprints(*sides: Rows) -> Iterator[NDArray[np.float64]]:
    """Yield (n, k) fingerprints of each side's rows, all scaled to length 1 on the average."""
    found = [np.concatenate([fingerprints(block) for block in rows]) for rows in sides]
    length = np.sqrt(np.mean(found[0] ** 2)) or 1
    yield from (one / length for one in found)
