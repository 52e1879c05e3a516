"""``vrbench list``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vrbench.cli.app import command, print_json, say
from vrbench.errors import InputError, did_you_mean

WIDEST = 60
"""Width of the column of specs; text after a longer spec starts further right."""


@command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="methods, sequences, norms, encoders, datasets, layouts, metrics, rules, figures "
            "or tables."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Print all methods, norms and others: one line each, with parameters and source.

    Examples:
      vrbench list

      vrbench list methods --json
    """
    from vrbench.cli.catalogue import CATALOGUE

    if kind is not None and kind not in CATALOGUE:
        raise InputError(
            f"Unknown kind '{kind}'.{did_you_mean(kind, CATALOGUE)} Kinds: {', '.join(CATALOGUE)}."
        )
    entries = {name: CATALOGUE[name]() for name in ([kind] if kind else CATALOGUE)}
    if json:
        print_json(entries)
        return
    for name, rows in entries.items():
        _print(name, rows)


def _print(title: str, rows: list[dict[str, Any]]) -> None:
    say(f"{title}:")
    specs = [row["name"] + (f":{row['parameters']}" if row["parameters"] else "") for row in rows]
    width = min(max(map(len, specs)), WIDEST)
    for spec, row in zip(specs, rows, strict=True):
        needs = f" Needs {row['needs']}." if "needs" in row else ""
        source = f"{needs} [{row['source']}]" if row["source"] else needs
        splits = f" Splits: {row['splits']}." if "splits" in row else ""
        say(f"  {spec.ljust(width)}  {row['summary']}{source}{splits}{_origin(row)}")
    say()


def _origin(row: dict[str, Any]) -> str:
    """Return the origin of a plug-in."""
    if "distribution" in row:
        return f" From {row['distribution']} {row['version']}."
    return f" From {row.get('file', 'this process')}." if "sha256" in row else ""
