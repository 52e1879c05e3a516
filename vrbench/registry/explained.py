"""What a method's docstring says: summary, formula and source, and each parameter by itself."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vrbench.registry.specs import format_value, parameters

_SECTION = re.compile(r"^(Attributes|Raises|Args|Returns):\n", re.MULTILINE)
_ENTRY = re.compile(r"^ {4}(\w+): ", re.MULTILINE)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a spec.

    Attributes:
        name: its key.
        default: its value as a spec writes it; empty where it must be given.
        values: the words that it takes, where they are few.
        text: what it means, in a sentence without a capital.
    """

    name: str
    default: str
    values: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Explained:
    """A method as its docstring explains it.

    Attributes:
        summary: the first line.
        body: the paragraphs between it and the sections: formula, source, deviations.
        parameters: in the order of the spec.
        source: in short, as listings have it.
    """

    summary: str
    body: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    source: str


def described(cls: type[Any]) -> str:
    """Return a class's docstring; empty where it has only what ``dataclass`` makes of its name."""
    doc = inspect.cleandoc(cls.__doc__ or "")
    return "" if doc.startswith(f"{cls.__name__}(") and "\n" not in doc else doc


def explain(cls: type[Any]) -> Explained:
    """Read the docstring of a registered class, and those of its bases for what they declare."""
    summary, body, _ = _parts(cls)
    texts: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        texts |= _parts(one)[2] if "__doc__" in vars(one) else {}
    hints = get_type_hints(cls)
    found = (
        Parameter(
            field.name,
            "" if field.default is MISSING else format_value(field.default),
            _values(hints[field.name]),
            texts.get(field.name, ""),
        )
        for field in parameters(cls)
    )
    return Explained(summary, body, tuple(found), str(getattr(cls, "source", "")))


def _values(hint: Any) -> tuple[str, ...]:
    """Return the words of a Literal or of a bool."""
    if hint is bool:
        return ("false", "true")
    return tuple(map(format_value, get_args(hint))) if get_origin(hint) is Literal else ()


def _parts(cls: type[Any]) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Part a docstring into summary, paragraphs, and the entries under ``Attributes:``."""
    doc = described(cls)
    text, *sections = _SECTION.split(doc)
    summary, *body = (paragraph.strip() for paragraph in text.strip().split("\n\n"))
    found = dict(zip(sections[::2], sections[1::2], strict=True))
    _, *entries = _ENTRY.split(found.get("Attributes", ""))
    names, meanings = entries[::2], entries[1::2]
    joined = {n: " ".join(m.split()) for n, m in zip(names, meanings, strict=True)}
    return " ".join(summary.split()), tuple(body), joined
