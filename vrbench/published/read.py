"""The TOML files as tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from vrbench.published.table import (
    Cell,
    Claim,
    Column,
    ColumnDirection,
    MeasuredBy,
    PublishedTable,
    Row,
)

_SIDES: dict[str, ColumnDirection] = {"t2v": "t2v", "v2t": "v2t"}


@cache
def tables() -> dict[str, PublishedTable]:
    """Return every table by name, a paper's tables in its own order."""
    found: dict[str, PublishedTable] = {}
    paths = [path for path in files(__package__).iterdir() if path.name.endswith(".toml")]
    papers = [
        tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(paths, key=lambda path: path.name)
    ]
    shared = [note for paper in papers for note in paper.get("notes", [])]
    for paper in papers:
        for name, entry in paper["tables"].items():
            about = [note["text"] for note in shared if name in note["tables"]]
            found[name] = _table(name, entry, paper, about)
    return found


def _table(
    name: str, entry: Mapping[str, Any], paper: Mapping[str, Any], about: Sequence[str]
) -> PublishedTable:
    cite = paper["paper"]["cite"]
    columns = tuple(_column(text, paper["units"]) for text in entry["columns"])
    place = entry.get("place", f"Table {name.rpartition('-')[2]}")
    return PublishedTable(
        name=name,
        title=entry["title"],
        source=f"{cite}, {place}",
        cite=cite,
        dataset=entry["dataset"],
        split=entry["split"],
        columns=columns,
        rows=tuple(_row(row, columns) for row in entry["rows"]),
        n_video=entry.get("n_video"),
        setting=entry.get("setting", ""),
        v2t=entry.get("v2t", ""),
        clips=entry.get("clips", ""),
        notes=(*entry["notes"], *about),
        claims=tuple(_claim(one) for one in paper.get("claims", []) if one["table"] == name),
        numbered="place" not in entry,
    )


def _column(text: str, units: Mapping[str, str]) -> Column:
    """Read ``DATASET: SETTING | t2v METRIC``, of which only the metric has to be there."""
    rest, _, name = text.rpartition(" | ")
    dataset, _, plain = name.rpartition(": ")
    side, _, metric = plain.partition(" ")
    direction = _SIDES.get(side, "")
    metric = metric if direction else plain
    return Column(direction, metric, units[metric], dataset, rest)


def _row(row: Mapping[str, Any], columns: tuple[Column, ...]) -> Row:
    pairing = row.get("measured_by")
    texts = row["cells"].split() if isinstance(row["cells"], str) else row["cells"]
    return Row(
        printed=row["label"],
        system=row["system"],
        cells=tuple(_cell(text, one.unit) for text, one in zip(texts, columns, strict=True)),
        dataset=row.get("dataset", ""),
        setting=row.get("setting", ""),
        measured_by=None if pairing is None else MeasuredBy(**pairing),
    )


def _cell(text: str, unit: str) -> Cell:
    """Read a cell: - is empty in the paper, ? cannot be read in its text, *x* is marked best.

    A . stands where the row has no such column.
    """
    if unit == "text":
        return Cell(None, text)
    if text == ".":
        return Cell(None, "")
    number = text.strip("*")
    return Cell(None if number in ("-", "?") else float(number), number, best=number != text)


def _claim(entry: Mapping[str, Any]) -> Claim:
    values = {key: value for key, value in entry.items() if key != "table"}
    for key in ("over", "columns"):
        values[key] = tuple(entry.get(key, ()))
    return Claim(**values)
