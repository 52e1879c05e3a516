"""Results over the same queries, brought into one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        numbers: by metric, the numbers of each query whose mean it is, (n_results, n).
    """

    ids: NDArray[Any]
    ranks: NDArray[np.float64]
    numbers: Mapping[str, NDArray[np.float64]]


def pair(
    results: Sequence[Result], direction: Direction, common: bool, metrics: Sequence[str] = ()
) -> Paired:
    """Bring the ranks of one direction into one order of queries.

    Args:
        results: with their rank vectors.
        direction: which one.
        common: take the queries that all have, if some have others.
        metrics: means of a number of each query, which is to be paired, too.

    Raises:
        InputError: ranks or numbers are missing, or items differ and ``common`` is false.
    """
    rows = [_rows_by_id(result, direction) for result in results]
    first = rows[0]
    shared = [name for name in first if all(name in other for other in rows[1:])]
    for result, other in zip(results[1:], rows[1:], strict=True):
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
    order = [[other[name] for name in shared] for other in rows]

    def table(vectors: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        both = zip(vectors, order, strict=True)
        return np.array([vector[some] for vector, some in both], np.float64)

    numbers = {
        name: table([_numbers(result, name, direction) for result in results]) for name in metrics
    }
    return Paired(np.array(shared), table([one.ranks[direction] for one in results]), numbers)


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


def _rows_by_id(result: Result, direction: Direction) -> dict[str, int]:
    """Rows of the queries in the vectors, by id."""
    missing = {direction, "text_ids", "video_ids"} - set(result.ranks)
    if missing:
        raise InputError(
            f"{name_of(result)} has no rank vectors beside it that belong to it: keep the npz of "
            "vrbench eval with it, or run it again with --overwrite."
        )
    by_text = direction == "t2v" or result.values["protocol"]["v2t"] == "each-caption"
    ids = result.ranks["text_ids" if by_text else "video_ids"]
    asked = ~np.isnan(result.ranks[direction])
    return {str(name): i for i, (name, it) in enumerate(zip(ids, asked, strict=True)) if it}


def _numbers(result: Result, metric: str, direction: Direction) -> NDArray[Any]:
    found = result.ranks.get(f"{metric} {direction}")
    if found is None or found.shape != result.ranks[direction].shape or found.dtype.kind != "f":
        raise InputError(
            f"{name_of(result)} has no {metric} of each {direction} query beside it: run it again "
            "with --overwrite."
        )
    return found


def _gallery(result: Result, direction: Direction) -> set[str]:
    """Return the ids of the items that a direction's queries are ranked among."""
    return set(map(str, result.ranks["video_ids" if direction == "t2v" else "text_ids"]))
