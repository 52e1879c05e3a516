"""The results of one data set and their paired tests, as parts of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vrbench.errors import InputError
from vrbench.metrics.metric import Metric
from vrbench.metrics.table import columns, legend
from vrbench.reports.parts import Heading, PageCell, PagePart, PageTable, Paragraph, words
from vrbench.results import labels
from vrbench.results.changes import CHANGE, CHANGE_HEADS, any_changed, change, with_raw
from vrbench.results.compare import compare
from vrbench.results.comparison import ChangedQuery, ControlledTest
from vrbench.results.labels import DIRECTION_NAMES
from vrbench.results.result import Result
from vrbench.results.schema import ResultDict
from vrbench.sims.sim import DIRECTIONS, Direction

MOST = 8
"""Most results on the same data that are tested against each other, pair by pair."""


def results_of(group: Sequence[Result]) -> list[PagePart]:
    """Return a table for each direction, as ``vrbench eval`` prints it, the best in bold."""
    values = [result.values for result in group]
    named = {id(one): labels.letter(i) for i, one in enumerate(values)}
    shown, changed = with_raw(values), any_changed(values)
    parts: list[PagePart] = []
    for direction in DIRECTIONS:
        metrics = _shown(values, direction)
        heads = ["method", "norm", "bank"]
        heads += [f"{one.heading} %" if one.unit == "share" else one.heading for one in metrics]
        best = {one.name: _best(shown, one, direction) for one in metrics}
        rows = []
        for i, one in enumerate(shown):
            cells = _names(one, named.get(id(one), ""))
            cells += [
                metric_cell(metric, metric.value(one, direction), i in best[metric.name])
                for metric in metrics
            ]
            cells += [PageCell(*pair) for pair in change(one, direction)] if changed else []
            rows.append(cells)
        heads += CHANGE_HEADS if changed else ()
        parts += [Heading(DIRECTION_NAMES[direction], 3), PageTable(heads, rows)]
    transductive = any(_saw_test(one) for one in shown)
    means = (
        f"{legend(_shown(values, *DIRECTIONS))} An error is at the norm's gamma, else 0.01. Bold: "
        f"best{' of the rows that are not transductive' if transductive else ''}."
    )
    said = [means, *([CHANGE] if changed else []), *labels.notes(values)]
    return [*parts, *(Paragraph(text, note=True) for text in said)]


def tests_of(group: Sequence[Result], notes: list[str]) -> list[PagePart]:
    """Return the tests of ``vrbench compare`` of every two results, and the queries it names.

    What is left out is added to ``notes``.
    """
    if len(group) < 2:
        return []
    if len(group) > MOST:
        notes.append(f"{len(group)} results on the same data: test some with vrbench compare")
        return []
    try:
        found = compare(group)
    except InputError as error:
        notes.append(str(error))
        return []
    names = [labels.letter(i) for i in range(len(group))]
    about = found["about"]
    draws = f"{about['n']} draws, seed {about['seed']}"
    said = f"{about['test']}; {about['interval']}; {draws}. q: {about['correction']}."
    parts: list[PagePart] = []
    for direction in DIRECTIONS:
        tests = [test for test in found["tests"] if test["direction"] == direction]
        rows = [
            _test(test, names, before) for before, test in zip([None, *tests], tests, strict=False)
        ]
        parts += [
            Heading(f"Paired tests, {DIRECTION_NAMES[direction].lower()}", 3),
            PageTable(_TEST_HEADS, rows, [test["q"] <= 0.05 for test in tests]),
        ]
    return [
        *parts,
        Paragraph(
            f"{said} Marked: q at most .05. Ranks: + better under the second, = equal, - worse.",
            note=True,
        ),
        *_changed(found["changed"], names),
    ]


def metric_cell(metric: Metric, value: float | None, best: bool = False) -> PageCell:
    """Return a number as it is printed."""
    return PageCell(metric.text(value), None if value is None else metric.printed(value), best)


_TEST_HEADS = (
    *("pair", "metric", "first", "second", "difference", "interval", "p", "q"),
    *("+", "=", "-"),
)


def _shown(values: Sequence[ResultDict], *directions: Direction) -> list[Metric]:
    return [one for one in columns(values, *directions) if one.heading]


def _names(result: ResultDict, letter: str) -> list[PageCell]:
    bank = "" if result["bank"]["kind"] == "none" else labels.bank(result)
    method = labels.method(result)
    return words(f"{letter}: {method}" if letter else method, result["norm"], bank)


def _best(shown: Sequence[ResultDict], metric: Metric, direction: Direction) -> set[int]:
    """Return the best of the rows that did not see the test set, where there are two or more."""
    values = {
        i: value
        for i, one in enumerate(shown)
        if not _saw_test(one) and (value := metric.value(one, direction)) is not None
    }
    if metric.more_is_better is None or len(values) < 2:
        return set()
    return {
        i for i, one in values.items() if not any(metric.better(v, one) for v in values.values())
    }


def _saw_test(result: ResultDict) -> bool:
    return "transductive" in labels.bank(result)


def _test(
    test: ControlledTest, names: Sequence[str], before: ControlledTest | None
) -> list[PageCell]:
    """Return a row; the ranks are those of a pair, and stand in its first row."""
    first, second, difference, interval = labels.tested(test)
    again = before is not None and (before["a"], before["b"]) == (test["a"], test["b"])
    ranks = (test["wins"], test["equal"], test["losses"])
    return [
        *words(f"{names[test['a']]} -> {names[test['b']]}", test["metric"]),
        PageCell(first, test["value_a"]),
        PageCell(second, test["value_b"]),
        PageCell(difference, test["difference"]),
        PageCell(interval, test["interval"][0]),
        *(PageCell(labels.p_value(p), p) for p in (test["p"], test["q"])),
        *(PageCell("" if again else f"{n}", n) for n in ranks),
    ]


def _changed(
    changed: Mapping[Direction, Sequence[ChangedQuery]], names: Sequence[str]
) -> list[PagePart]:
    parts: list[PagePart] = [Heading("Queries that changed most (rank under each result)", 3)]
    for direction, rows in changed.items():
        whole = all(rank.is_integer() for row in rows for rank in row["ranks"])
        cells = [
            [
                PageCell(row["query"]),
                *(PageCell(f"{r:.{0 if whole else 1}f}", r) for r in row["ranks"]),
            ]
            for row in rows
        ]
        parts.append(PageTable([DIRECTION_NAMES[direction], *names], cells))
    return parts
