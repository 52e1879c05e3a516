"""Reading TREC qrels and run files: which items are right for a query, and which compete."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading

QRELS = "write one 'query 0 item grade' a line"
RUN = "write one 'query Q0 item rank score name' a line"

HEADS = ("score", "grade", "relevance")
"""What the grades of BEIR's files stand under."""

Pair = tuple[str, str]


def read_qrels(path: Path) -> dict[Pair, float]:
    """Return the grade of each (query, item) that has one; a grade of 0 or less says: not right.

    Lines are ``query iteration item grade`` (TREC), or ``query item grade`` under a line of
    headings (BEIR).

    Raises:
        InputError: the file cannot be read, a line is neither, or a pair has two grades.
    """
    found: dict[Pair, float] = {}
    for number, words in _lines(path, QRELS):
        if number == 1 and len(words) == 3 and words[-1].lower() in HEADS:
            continue
        grade = _number(words[-1])
        if len(words) not in (3, 4) or grade is None:
            raise InputError(
                f"Line {number} of {path} is '{_shown(words)}': expected 'query 0 item grade'."
            )
        pair = (words[0], words[-2])
        if found.setdefault(pair, grade) != grade:
            raise InputError(f"{path} gives '{pair[1]}' two grades for '{pair[0]}': keep one.")
    if not any(grade > 0 for grade in found.values()):
        raise InputError(f"{path} names no right item: {QRELS}.")
    return found


def read_run(path: Path) -> set[Pair]:
    """Return the (query, item) pairs that a run lists, whatever their order.

    Raises:
        InputError: the file cannot be read, or a line is not of a run.
    """
    found: set[Pair] = set()
    for number, words in _lines(path, RUN):
        if len(words) != 6 or _number(words[4]) is None:
            raise InputError(
                f"Line {number} of {path} is '{_shown(words)}': expected "
                "'query Q0 item rank score name'."
            )
        found.add((words[0], words[2]))
    if not found:
        raise InputError(f"{path} is empty: {RUN}.")
    return found


def _lines(path: Path, remedy: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the words of each line that has some, and its number."""
    with reading(path, remedy, "is not a text file"), path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split()
            if words:
                yield number, words


def _shown(words: list[str]) -> str:
    return " ".join(words)[:100]


def _number(word: str) -> float | None:
    try:
        found = float(word)
    except ValueError:
        return None
    return found if math.isfinite(found) else None
