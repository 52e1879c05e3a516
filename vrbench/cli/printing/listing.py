"""Printing what is registered: a line each, with parameters and source."""

from __future__ import annotations

from collections.abc import Sequence

from vrbench.cli.app import say
from vrbench.cli.catalogue import Entry

WIDEST = 60
"""Width of the column of specs; text after a longer spec starts further right."""


def print_entries(title: str, rows: Sequence[Entry]) -> None:
    """Print a line for each entry of a kind."""
    say(f"{title}:")
    specs = [row["name"] + (f":{row['parameters']}" if row["parameters"] else "") for row in rows]
    width = min(max(map(len, specs)), WIDEST)
    for spec, row in zip(specs, rows, strict=True):
        needs = f" Needs {row['needs']}." if "needs" in row else ""
        source = f"{needs} [{row['source']}]" if row["source"] else needs
        splits = f" Splits: {row['splits']}." if "splits" in row else ""
        say(f"  {spec.ljust(width)}  {plain(row['summary'])}{source}{splits}{_origin(row)}")
    say()


def plain(text: str) -> str:
    """Return text of a docstring without its marks of code."""
    return text.replace("``", "")


def _origin(row: Entry) -> str:
    """Return the origin of a plug-in."""
    if "distribution" in row:
        return f" From {row['distribution']} {row['version']}."
    return f" From {row.get('file', 'this process')}." if "sha256" in row else ""
