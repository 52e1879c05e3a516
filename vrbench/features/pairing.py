"""Pairing texts with videos by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.runtime.composed import composed

Index = NDArray[np.int64]

FORMS = "<video id>, <video id>#<k> or <video id>_<k>"
"""Forms of a text's name; k counts a video's texts."""

BY_PLACE = "place"
"""How texts are paired with videos where rows have no names; else ``name`` or ``text_video``."""

_NUMBERED = re.compile(r"(?P<owner>.+)[#_](?P<k>[0-9]+)", re.DOTALL)


@dataclass(frozen=True)
class Reading:
    """A reading of a text's name.

    Attributes:
        owner: the id of a video.
        k: number of the text among those of the video; None: the name is that of the video.
    """

    owner: str
    k: int | None


def is_named(ids: ArrayLike, side: str) -> bool:
    """Whether ids are names, not the numbers that rows without a name are given.

    Args:
        ids: (n,) of one side.
        side: what its rows are called: ``text``, ``video``, ``bank_text`` or ``bank_video``.
    """
    return _strings(ids) != unnamed(side, len(np.asarray(ids)))


def same_names(have: ArrayLike, wanted: ArrayLike, side: str) -> bool:
    """Whether the items of two files can be joined by name: both name them.

    So can names that rows without a name were given, where one side has all of the other's.

    Args:
        have: (n,) ids of one file.
        wanted: (m,) ids that are looked for in it.
        side: as for ``is_named``.
    """
    both = is_named(have, side) and is_named(wanted, side)
    return both or set(_strings(wanted)) <= set(_strings(have))


def why_by_place(have: ArrayLike, wanted: ArrayLike, side: str) -> str | None:
    """Return why the items of two files are joined by place; None: they are joined by name.

    Args:
        have: (n,) ids of one file.
        wanted: (m,) ids of the other one.
        side: as for ``is_named``.
    """
    if not is_named(have, side) and not is_named(wanted, side):
        return "neither of them has names"
    return None if same_names(have, wanted, side) else "only one of them has names"


def unnamed(side: str, n: int) -> list[str]:
    """Return the names of ``n`` rows without a name: ``side`` and the row."""
    return [f"{side}{i}" for i in range(n)]


def pairing_notes(pairs: object) -> Iterator[str]:
    """Return a note where texts are paired with videos by place."""
    if pairs == BY_PLACE:
        yield (
            "Texts are paired with videos by place, row i with row i, as not both have names "
            "(video_ids, text_ids) and there is no text_video."
        )


def owners(texts: ArrayLike, videos: ArrayLike, where: str) -> Index:
    """(n_text,) the row of the video that each text is named after.

    A text is named as in ``FORMS``; where both sides have the same names, each text has the video
    of its name. Names that vrbench gave to rows without one, ``text7`` and ``video7``, belong
    together where both sides have the same numbers.

    Args:
        texts: (n_text,) ids.
        videos: (n_video,) ids, all different.
        where: the file, for messages.

    Raises:
        InputError: a name can be read in two ways, or names no video.
    """
    found = readings(texts, videos)
    for name, ways in zip(_strings(texts), found, strict=True):
        if len(ways) > 1:
            said = " or ".join(f"video '{way.owner}'" for way in ways)
            raise InputError(
                f"{where}: text '{name}' can belong to {said}, by its name: rename one of them, or "
                "say which video each text belongs to (text_video)."
            )
    lost = [name for name, ways in zip(_strings(texts), found, strict=True) if not ways]
    if lost:
        raise InputError(
            f"{where} names texts and videos, but {len(lost)} of {len(found)} texts name no video, "
            f"the first is '{lost[0]}': name each text {FORMS}, or say which video it belongs to "
            "(text_video)."
        )
    row = {name: i for i, name in enumerate(_strings(videos))}
    return np.array([row[way.owner] for (way,) in found], dtype=np.int64)


def shares_names(texts: ArrayLike, videos: ArrayLike) -> bool:
    """Whether any text is named after a video."""
    return any(readings(texts, videos))


def readings(texts: ArrayLike, videos: ArrayLike) -> list[Sequence[Reading]]:
    """Return every way in which each text's name can be read as a video's.

    Accents may be composed on one side and taken apart on the other.
    """
    names, given = _strings(texts), _strings(videos)
    known = {composed(name): name for name in given}
    if len(known) < len(set(given)):  # names that differ in nothing else
        known = {name: name for name in given}
    else:
        names = [composed(name) for name in names]
    if set(names) == known.keys():
        return [[Reading(known[name], None)] for name in names]
    numbers = _numbers(names, "text"), _numbers(set(known), "video")
    if numbers[0] is not None and numbers[0] == numbers[1]:
        return [[Reading(name.replace("text", "video", 1), None)] for name in names]
    return [list(_ways(name, known)) for name in names]


def check_links(
    texts: ArrayLike, videos: ArrayLike, pairs: tuple[Index, Index], where: str
) -> None:
    """Check that the positive pairs agree with the names, where most names tell one.

    Names that vrbench gave tell nothing. Neither do numbers that may have been counted on each side
    alone: those of texts that stand in order, or that differ from those of the videos.

    Args:
        texts: (n_text,) ids.
        videos: (n_video,) ids.
        pairs: the text and the video, by row, of each positive pair.
        where: the file and the array that says so, for messages.

    Raises:
        InputError: a text is not paired with the video of its name.
    """
    names, ids = _strings(texts), _strings(videos)
    if not is_named(names, "text") or _is_counted(names, ids):
        return
    told = {i: ways[0].owner for i, ways in enumerate(readings(names, ids)) if len(ways) == 1}
    if 2 * len(told) <= len(names):
        return
    row = {name: i for i, name in enumerate(ids)}
    right = set(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))
    wrong = next((i for i, owner in told.items() if (i, row[owner]) not in right), None)
    if wrong is not None:
        said = ids[pairs[1][np.flatnonzero(pairs[0] == wrong)[0]]]
        raise InputError(
            f"{where} pairs text '{names[wrong]}' with video '{said}', but its name says "
            f"'{told[wrong]}': correct one of them, or leave text_ids out."
        )


def _is_counted(names: Sequence[str], ids: Sequence[str]) -> bool:
    """Whether texts have numbers that may not refer to videos."""
    if not all(name.isdecimal() for name in names):
        return False
    numbers = [int(name) for name in names]
    return set(names) != set(ids) or numbers == sorted(numbers)


def _ways(name: str, known: Mapping[str, str]) -> Iterator[Reading]:
    if name in known:
        yield Reading(known[name], None)
    numbered = _NUMBERED.fullmatch(name)
    if numbered and numbered["owner"] in known:
        yield Reading(known[numbered["owner"]], int(numbered["k"]))


def _numbers(names: Sequence[str] | set[str], side: str) -> set[str] | None:
    """Return the numbers of names that are ``side`` and a number, if all are."""
    found = [re.fullmatch(rf"{side}([0-9]+)", name) for name in names]
    return {match[1] for match in found if match} if all(found) else None


def _strings(ids: ArrayLike) -> list[str]:
    return [str(name) for name in np.asarray(ids).tolist()] if not isinstance(ids, list) else ids
