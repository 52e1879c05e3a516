"""Results over the same queries, brought into one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.pairing import is_named
from vrbench.results import labels
from vrbench.results.check import POSITIVES
from vrbench.results.result import Result
from vrbench.sims.sim import DIRECTIONS, Direction
from vrbench.sims.truth import Truth

Ranks = Mapping[str, NDArray[Any]]
"""What lies beside a result: rank vectors, ids and right pairs."""


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


def place_notes(results: Sequence[Result]) -> list[str]:
    """Return a sentence where rows without names of different data are joined by their places."""
    if len({result.features["sha256"] for result in results}) < 2:
        return []
    return [
        f"{side}s are joined by place, row i with row i, as none of the data names them "
        f"({side}_ids)"
        for side in ("text", "video")
        if not any(is_named(result.ranks[f"{side}_ids"], side) for result in results)
    ]


def right_pairs(truth: Truth) -> dict[str, NDArray[Any]]:
    """Return the right pairs as they are kept beside the ranks.

    Returns:
        ``positive_text``, ``positive_video`` (p,) the row of each pair's text and of its video,
        and where some are more relevant than others ``positive_relevance`` (p,).
    """
    pairs = {"positive_text": truth.text, "positive_video": truth.video}
    return pairs if truth.gain is None else {**pairs, "positive_relevance": truth.gain}


def check_pairs(results: Sequence[Result]) -> None:
    """Check that every two results agree in which video is right for a text.

    Raises:
        InputError: they do not, in a text and a video that both have.
    """
    for one, other in combinations(results, 2):
        found = differing_pair(one.ranks, other.ranks)
        if found is not None:
            raise InputError(
                f"{name_of(one)} and {name_of(other)} differ in whether video '{found[1]}' is "
                f"right for text '{found[0]}', or how relevant it is: evaluate both on the same "
                "pairs."
            )


def differing_pair(one: Ranks, other: Ranks) -> tuple[str, str] | None:
    """Return a text and a video that two results have, and that only one of them pairs.

    Or both do with different relevance. Results without their right pairs, which older ones are,
    differ in none.

    Args:
        one: what lies beside a result: ids, and right pairs as in ``right_pairs``.
        other: the same of another result.
    """
    kept = [
        [arrays.get(key) for key in ("text_ids", "video_ids", *POSITIVES)]
        for arrays in (one, other)
    ]
    if any(arrays[3] is None for arrays in kept) or all(map(_equal, *kept)):
        return None
    texts, videos = (
        set(map(str, one[key])) & set(map(str, other[key])) for key in ("text_ids", "video_ids")
    )
    first, second = _relevance(one, texts, videos), _relevance(other, texts, videos)
    differing = (pair for pair in {**first, **second} if first.get(pair) != second.get(pair))
    return next(differing, None)


def _equal(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _relevance(arrays: Ranks, texts: set[str], videos: set[str]) -> dict[tuple[str, str], float]:
    """Return the relevance of each right pair of these texts and videos."""
    text, video = (
        map(str, arrays[f"{side}_ids"][arrays[f"positive_{side}"]].tolist())
        for side in ("text", "video")
    )
    gain = arrays.get("positive_relevance", np.ones(len(arrays["positive_text"])))
    pairs = zip(text, video, gain.tolist(), strict=True)
    return {(t, v): float(how) for t, v, how in pairs if t in texts and v in videos}


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
