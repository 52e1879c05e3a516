"""The TOML files as tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from vrbench.published.table import Cell, Claim, Column, MeasuredBy, PublishedTable, Row


@cache
def tables() -> dict[str, PublishedTable]:
    """Return every table by name, a paper's tables in its own order."""
    found: dict[str, PublishedTable] = {}
    papers = [path for path in files(__package__).iterdir() if path.name.endswith(".toml")]
    for path in sorted(papers, key=lambda path: path.name):
        paper = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, entry in paper["tables"].items():
            found[name] = _table(name, entry, paper)
    return found


def _table(name: str, entry: Mapping[str, Any], paper: Mapping[str, Any]) -> PublishedTable:
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
        notes=tuple(entry["notes"]),
        claims=tuple(_claim(one) for one in paper.get("claims", []) if one["table"] == name),
        numbered="place" not in entry,
    )


def _column(text: str, units: Mapping[str, str]) -> Column:
    """Read ``DATASET: SETTING | t2v METRIC``, of which only the metric has to be there."""
    rest, _, name = text.rpartition(" | ")
    dataset, _, plain = name.rpartition(": ")
    side, _, metric = plain.partition(" ")
    direction, metric = (side, metric) if side in ("t2v", "v2t") else ("", plain)
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
        measured_by=pairing and MeasuredBy(**{**pairing, "methods": tuple(pairing["methods"])}),
    )


def _cell(text: str, unit: str) -> Cell:
    """Read a cell: - is empty in the paper, ? cannot be read in its text, *x* is marked best."""
    if unit == "text":
        return Cell(None, text)
    number = text.strip("*")
    return Cell(None if number in ("-", "?") else float(number), number, best=number != text)


def _claim(entry: Mapping[str, Any]) -> Claim:
    values = {key: value for key, value in entry.items() if key != "table"}
    for key in ("over", "columns"):
        values[key] = tuple(entry.get(key, ()))
    return Claim(**values)
