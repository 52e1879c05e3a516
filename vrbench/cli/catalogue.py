"""Everything that has a name, for listings and documentation: read from the registries."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from vrbench.registry import Registry, format_value, parameters

Entry = dict[str, str]
"""``name``, ``parameters`` with their defaults, ``summary``, ``source``; norms also ``needs``,
datasets ``splits``."""

METRICS = {
    "R@K": "share of queries, in percent, whose right item has rank <= K",
    "MdR": "median rank",
    "MnR": "mean rank",
    "tied": "share of queries with a foreign item at the right item's score; shares are 0 to 1 in "
    "files and in percent where they are printed",
    "normalization_error": "mean |1 - sum of retrieval probabilities / its due| [NCL eq. 5]",
    "under": "share of gallery items that no query retrieves first [UCoFiA Figure 5]",
    "once": "share of gallery items that one query retrieves first",
    "over": "share of gallery items that two or more queries retrieve first",
    "hub_skewness": "skewness of how often an item is among the 10 nearest",
}


def registered(registry: Registry[Any]) -> list[Entry]:
    """Return the entries of a registry, by name."""
    return [
        {
            "name": name,
            "parameters": ",".join(
                f"{field.name}={format_value(field.default)}" for field in parameters(cls)
            ),
            "summary": (inspect.getdoc(cls) or "").splitlines()[0],
            "source": str(getattr(cls, "source", "")),
            **({"needs": cls.needs} if getattr(cls, "needs", "") else {}),
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


def _figures() -> list[Entry]:
    from vrbench.figures import figures

    return registered(figures)


def _rules() -> list[Entry]:
    from vrbench.auditing.rules import rules

    return registered(rules)


def _metrics() -> list[Entry]:
    return [
        {"name": name, "parameters": "", "summary": text, "source": ""}
        for name, text in METRICS.items()
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
    "metrics": _metrics,
    "rules": _rules,
    "figures": _figures,
    "tables": _tables,
}
