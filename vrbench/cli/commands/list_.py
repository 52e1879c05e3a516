"""``vrbench list``."""

from __future__ import annotations

from typing import Annotated

import typer

from vrbench.cli.app import command, print_json
from vrbench.errors import InputError, did_you_mean


@command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="methods, sequences, norms, heads, losses, encoders, datasets, layouts, "
            "metrics, rules, figures or tables."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Argument(help="One of them: its formula, source and parameters.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Print all methods, norms and others: one line each, with parameters and source.

    Examples:
      vrbench list

      vrbench list methods tokenflow

      vrbench list methods --json
    """
    from vrbench.cli.catalogue import CATALOGUE
    from vrbench.cli.printing.listing import print_entries

    if kind is not None and kind not in CATALOGUE:
        raise InputError(
            f"Unknown kind '{kind}'.{did_you_mean(kind, CATALOGUE)} Kinds: {', '.join(CATALOGUE)}."
        )
    if kind is not None and name is not None:
        _explain(kind, name, json)
        return
    entries = {name: CATALOGUE[name]() for name in ([kind] if kind else CATALOGUE)}
    if json:
        print_json(entries)
        return
    for title, rows in entries.items():
        print_entries(title, rows)


def _explain(kind: str, name: str, as_json: bool) -> None:
    """Print one entry, with each of its parameters where it is a method."""
    from dataclasses import asdict

    from vrbench.cli.catalogue import CATALOGUE, REGISTRIES, classes_of
    from vrbench.cli.printing.listing import print_entries
    from vrbench.registry import explain

    rows = {row["name"]: row for row in CATALOGUE[kind]()}
    if name not in rows:
        raise InputError(
            f"There is no '{name}' among {kind}.{did_you_mean(name, rows)} vrbench list {kind} "
            "names all."
        )
    if kind not in REGISTRIES:
        print_json(rows[name]) if as_json else print_entries(kind, [rows[name]])
        return
    found = explain(classes_of(kind)[name])
    if as_json:
        print_json({"name": name, **asdict(found)})
        return
    from vrbench.cli.printing.explained import print_explained

    print_explained(name, found)
