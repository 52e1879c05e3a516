"""The registered methods, norms and others, for listings and documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING
from typing import Any, cast

from vrbench.registry import Registry, format_value, origin, parameters

Entry = dict[str, str]
"""``name``, ``parameters`` with their defaults, ``summary``, ``source``; norms also ``needs``,
datasets ``splits``; plug-ins ``distribution`` and ``version``, or ``file``, and ``sha256``."""


def registered(registry: Registry[Any]) -> list[Entry]:
    """Return the entries of a registry, by name."""
    return [
        {
            "name": name,
            "parameters": ",".join(
                field.name
                if field.default is MISSING
                else f"{field.name}={format_value(field.default)}"
                for field in parameters(cls)
            ),
            "summary": (inspect.getdoc(cls) or "").partition("\n")[0],
            "source": str(getattr(cls, "source", "")),
            **({"needs": cls.needs} if getattr(cls, "needs", "") else {}),
            **({} if (where := origin(cls)) is None else cast(Entry, where.to_dict())),
        }
        for name, cls in registry.classes().items()
    ]


def _methods() -> list[Entry]:
    from vrbench.alignments import alignments

    return registered(alignments)


def _norms() -> list[Entry]:
    from vrbench.normalizations import normalizations

    return registered(normalizations)


def _sequences() -> list[Entry]:
    from vrbench.sequences import sequences

    return registered(sequences)


def _heads() -> list[Entry]:
    from vrbench.heads import heads

    return registered(heads)


def _losses() -> list[Entry]:
    from vrbench.losses import losses

    return registered(losses)


def _encoders() -> list[Entry]:
    from vrbench.encoders import encoders

    return registered(encoders)


def _datasets() -> list[Entry]:
    from vrbench.datasets import datasets

    known = datasets.classes()
    return [{**row, "splits": known[row["name"]].overview()} for row in registered(datasets)]


def _layouts() -> list[Entry]:
    from vrbench.importing.layouts import layouts

    return registered(layouts)


def _figures() -> list[Entry]:
    from vrbench.figures import figures

    return registered(figures)


def _rules() -> list[Entry]:
    from vrbench.auditing.rules import rules

    return registered(rules)


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
    "methods": _methods,
    "norms": _norms,
    "sequences": _sequences,
    "heads": _heads,
    "losses": _losses,
    "encoders": _encoders,
    "datasets": _datasets,
    "layouts": _layouts,
    "metrics": _metrics,
    "rules": _rules,
    "figures": _figures,
    "tables": _tables,
}
