"""The registered methods, norms and others, for listings and documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from functools import partial
from importlib import import_module
from typing import Any, cast

from vrbench.registry import Registry, described, format_value, origin, parameters

Entry = dict[str, str]
"""``name``, ``parameters`` with their defaults, ``summary``, ``source``; norms also ``needs``,
datasets ``splits``; plug-ins ``distribution`` and ``version``, or ``file``, and ``sha256``."""


def registered(classes: Mapping[str, type[Any]]) -> list[Entry]:
    """Return the entries of classes by name."""
    return [
        {
            "name": name,
            "parameters": ",".join(
                field.name
                if field.default is MISSING
                else f"{field.name}={format_value(field.default)}"
                for field in parameters(cls)
            ),
            "summary": described(cls).partition("\n")[0],
            "source": str(getattr(cls, "source", "")),
            **({"needs": cls.needs} if getattr(cls, "needs", "") else {}),
            **({} if (where := origin(cls)) is None else cast(Entry, where.to_dict())),
        }
        for name, cls in classes.items()
    ]


REGISTRIES = {
    "methods": "alignments:alignments",
    "norms": "normalizations:normalizations",
    "sequences": "sequences:sequences",
    "heads": "heads:heads",
    "losses": "losses:losses",
    "encoders": "encoders:encoders",
    "datasets": "datasets:datasets",
    "layouts": "importing.layouts:layouts",
    "rules": "auditing.rules:rules",
    "figures": "figures:figures",
}
"""Where the registry of each kind is: ``PACKAGE:NAME`` under ``vrbench``."""


def registry_of(kind: str) -> Registry[Any]:
    """Return the registry of a kind of ``REGISTRIES``."""
    package, _, name = REGISTRIES[kind].partition(":")
    return cast("Registry[Any]", getattr(import_module(f"vrbench.{package}"), name))


def classes_of(kind: str) -> dict[str, type[Any]]:
    """Return the classes of a kind of ``REGISTRIES``, by name.

    Among the figures is that of a head, too: it is made of no similarities, so in no registry.
    """
    known = registry_of(kind).classes()
    if kind == "figures":
        from vrbench.figures.training import NAME, TrainingCurves

        known = dict(sorted({**known, NAME: TrainingCurves}.items()))
    return known


def _entries_of(kind: str) -> list[Entry]:
    known = classes_of(kind)
    rows = registered(known)
    if kind == "datasets":
        return [{**row, "splits": known[row["name"]].overview()} for row in rows]
    return rows


def _metrics() -> list[Entry]:
    from vrbench.metrics import table

    return [
        {"name": one.name, "parameters": "", "summary": one.summary, "source": ""}
        for one in table.METRICS
    ]


def _tables() -> list[Entry]:
    from vrbench import published

    return [
        {"name": t.name, "parameters": "", "summary": t.title, "source": t.source}
        for t in map(published.load, (*published.names(), *published.extras()))
    ]


CATALOGUE: dict[str, Callable[[], list[Entry]]] = {
    **{kind: partial(_entries_of, kind) for kind in REGISTRIES},
    "metrics": _metrics,
    "tables": _tables,
}
"""The entries of each kind, in the order in which they are listed."""
