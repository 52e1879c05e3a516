"""Letters that say which rows of a measured section differ by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from vrbench.metrics.table import recall_k
from vrbench.results.pairing import Ranks, differing_pair
from vrbench.results.schema import ResultDict
from vrbench.results.significance import mcnemar
from vrbench.tables.formats import Line, Section

LETTERS = "abcdefghijklmnoprstuvwxyz"
"""Further rows get no letter. There is no q: it has no superscript in Unicode."""

Test = tuple[float, int, int, int]
"""p-value, column, better row, worse row."""


def letter(section: Section, results: Sequence[ResultDict | None], level: float = 0.05) -> Section:
    """Letter the rows with rank vectors, and in each R@K cell the rows that it is better than.

    Every pair of rows over the same items and right pairs is tested in every R@K column by the
    exact McNemar test, and all p-values of the section are corrected together by Benjamini and
    Yekutieli's procedure, which holds whatever the tests' dependence: they share queries.

    Args:
        section: measured rows.
        results: the result of each line, None where there is none.
        level: false discovery rate.
    """
    found = [one.get("rank_vectors") if one else None for one in results]
    vectors = {i: one for i, one in enumerate(found) if one}
    rows = list(vectors)[: len(LETTERS)]
    tests = [
        test
        for first, second in combinations(rows, 2)
        if _same_items(vectors[first], vectors[second])
        for test in _tests(section, vectors, first, second)
    ]
    if not tests:
        return section
    from scipy.stats import false_discovery_control

    p = false_discovery_control([test[0] for test in tests], method="by")
    beaten: dict[tuple[int, int], str] = {}
    for adjusted, (_, column, winner, loser) in zip(p, tests, strict=True):
        if adjusted < level:
            beaten[winner, column] = beaten.get((winner, column), "") + LETTERS[rows.index(loser)]
    lines = tuple(
        _lettered(line, i, LETTERS[rows.index(i)] if i in rows else "", beaten)
        for i, line in enumerate(section.lines)
    )
    queries = _queries(vectors[rows[0]], {section.columns[test[1]].direction for test in tests})
    footnote = (
        f"Letters: rows of this table that a cell is significantly better than (exact McNemar test "
        f"of R@K, two-sided; {len(tests)} tests, false discovery rate {level:g} after Benjamini "
        f"and Yekutieli; N = {queries})."
    )
    return replace(section, lines=lines, footnotes=(*section.footnotes, footnote))


def _tests(section: Section, vectors: Mapping[int, Ranks], first: int, second: int) -> list[Test]:
    found = []
    for i, column in enumerate(section.columns):
        cells = (section.lines[first].cells[i], section.lines[second].cells[i])
        k = recall_k(column.metric)
        if k and None not in (cells[0].value, cells[1].value):
            ranks = [vectors[row][column.direction] for row in (first, second)]
            test = mcnemar(ranks[0], ranks[1], k)
            ahead = test.gained > test.lost
            found.append((test.p, i, *((second, first) if ahead else (first, second))))
    return found


def _same_items(one: Ranks, other: Ranks) -> bool:
    """Whether both have the same texts, videos and right pairs."""
    return (
        all(
            key in one and key in other and np.array_equal(one[key], other[key])
            for key in ("text_ids", "video_ids")
        )
        and differing_pair(one, other) is None
    )


def _queries(ranks: Ranks, directions: set[str]) -> str:
    known = {side: int((~np.isnan(ranks[side])).sum()) for side in sorted(directions)}
    return ", ".join(f"{n} {side} queries" for side, n in known.items())


def _lettered(line: Line, row: int, own: str, beaten: dict[tuple[int, int], str]) -> Line:
    cells = tuple(
        replace(cell, beats="".join(sorted(beaten.get((row, i), ""))))
        for i, cell in enumerate(line.cells)
    )
    return replace(line, letter=own, cells=cells)
