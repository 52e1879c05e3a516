"""Results over the same queries, brought into one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.results import labels
from vrbench.results.result import Result
from vrbench.sims.sim import DIRECTIONS, Direction


@dataclass(frozen=True, eq=False)
class Paired:
    """Ranks of the same queries under several results.

    Attributes:
        ids: (n,) the queries that every result has.
        ranks: (n_results, n).
    """

    ids: NDArray[Any]
    ranks: NDArray[np.float64]


def pair(results: Sequence[Result], direction: Direction, common: bool) -> Paired:
    """Bring the ranks of one direction into one order of queries.

    Raises:
        InputError: ranks are missing, or items differ and ``common`` is false.
    """
    ranks = [_ranks_by_id(result, direction) for result in results]
    first = ranks[0]
    shared = [name for name in first if all(name in other for other in ranks[1:])]
    for result, other in zip(results[1:], ranks[1:], strict=True):
        if not common and other.keys() != first.keys():
            raise InputError(
                f"{name_of(results[0])} and {name_of(result)} are over different items: of "
                f"{len(first)} and {len(other)} {direction} queries {len(first.keys() & other)} "
                "are the same; --common compares on those."
            )
        if not common and _gallery(result, direction) != _gallery(results[0], direction):
            sizes = [len(_gallery(one, direction)) for one in (results[0], result)]
            raise InputError(
                f"{name_of(results[0])} and {name_of(result)} rank {direction} queries among "
                f"different items, {sizes[0]} and {sizes[1]} of them; --common compares them as "
                "they are."
            )
    if not shared:
        raise InputError(f"The results share no {direction} query: they are of different data.")
    table = np.array([[other[name] for name in shared] for other in ranks])
    return Paired(np.array(shared), table)


def gallery_notes(results: Sequence[Result]) -> list[str]:
    """Return a sentence for each direction whose queries are ranked among different items."""
    found = []
    for direction in DIRECTIONS:
        galleries = [_gallery(result, direction) for result in results]
        if any(gallery != galleries[0] for gallery in galleries):
            sizes = ", ".join(f"{len(gallery)}" for gallery in galleries)
            found.append(
                f"{direction} queries are ranked among different items ({sizes} of them): ranks "
                "among fewer items are better by themselves, whatever the method"
            )
    return found


def n_queries(result: Result, direction: Direction) -> int:
    """Return how many queries a result has."""
    return int((~np.isnan(result.ranks[direction])).sum())


def name_of(result: Result) -> str:
    """Return the file of a result, or how it was made."""
    file = (result.values["ranks"] or "").replace(".npz", ".json")
    return file or labels.how(result.values)


def _ranks_by_id(result: Result, direction: Direction) -> dict[str, float]:
    """Ranks of the queries, by id."""
    missing = {direction, "text_ids", "video_ids"} - set(result.ranks)
    if missing:
        raise InputError(
            f"{name_of(result)} has no rank vectors beside it that belong to it: keep the npz of "
            "vrbench eval with it, or run it again with --overwrite."
        )
    by_text = direction == "t2v" or result.values["protocol"]["v2t"] == "each-caption"
    ids = result.ranks["text_ids" if by_text else "video_ids"]
    ranks = result.ranks[direction]
    return {str(name): float(r) for name, r in zip(ids, ranks, strict=True) if not np.isnan(r)}


def _gallery(result: Result, direction: Direction) -> set[str]:
    """Return the ids of the items that a direction's queries are ranked among."""
    return set(map(str, result.ranks["video_ids" if direction == "t2v" else "text_ids"]))
