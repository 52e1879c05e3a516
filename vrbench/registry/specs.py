"""Spec strings ``name:key=value,key=value``: parameters read from text, and written as text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vrbench.errors import InputError, did_you_mean

_PLUS = re.compile(r"(?<!\d[eE])\+")

LISTED = {"levels": ("video", "frame", "patch")}
"""Parameters whose value is a list joined by ``+``, and the words that can stand in it."""


def split_sum(spec: str) -> list[str]:
    """Return the terms of ``term+term``; a ``+`` inside ``1e+3`` or a list parts nothing."""
    terms: list[str] = []
    for piece in _PLUS.split(spec):
        key = terms[-1].replace(":", ",").rpartition(",")[2].partition("=")[0] if terms else ""
        if piece.partition(",")[0].strip() in LISTED.get(key.strip(), ()):
            terms[-1] += f"+{piece}"
        else:
            terms.append(piece)
    return terms


def summands(spec: str) -> list[str]:
    """Return the terms of ``term+term`` as ``split_sum`` does, all of which are there.

    Raises:
        InputError: a term is empty, or is a weight alone.
    """
    terms = split_sum(spec)
    for place, term in enumerate(terms):
        if not term.rpartition("*")[2].strip() and (len(terms) > 1 or "*" in term):
            before = "+".join(terms[: place + 1]).strip()
            where = f"after '{before}' in" if before else "at the start of"
            raise InputError(f"A term is missing {where} '{spec}': name one there.")
    return terms


def parameters(cls: type[Any]) -> list[Field[Any]]:
    """Return the fields of a method that a spec can set."""
    return [field for field in fields(cls) if field.init]


def format_value(value: Any) -> str:
    """Write a parameter as a spec does: ``10`` for 10.0, ``true`` for True, ``none`` for None."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def arguments(cls: type[Any], spec: str, tail: str) -> Iterator[tuple[str, Any]]:
    """Yield the typed ``key=value`` pairs of a spec's tail."""
    hints = get_type_hints(cls)
    known = {field.name: field for field in parameters(cls)}
    seen: set[str] = set()
    for part in tail.split(",") if tail else []:
        key, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not text:
            raise InputError(f"Cannot read '{part}' in '{spec}': write key=value,key=value.")
        if key not in known:
            listing = ", ".join(known) or "none"
            raise InputError(
                f"Unknown parameter '{key}' in '{spec}'.{did_you_mean(key, known)} "
                f"Parameters: {listing}."
            )
        if key in seen:
            raise InputError(f"Parameter '{key}' stands twice in '{spec}': give it once.")
        seen.add(key)
        yield key, _value(text, hints[key], f"'{key}={text}' in '{spec}'")
    missing = [key for key, field in known.items() if field.default is MISSING and key not in seen]
    if missing:
        raise InputError(f"'{spec}' needs a value for {', '.join(missing)}.")


def _value(text: str, hint: Any, where: str) -> Any:
    """Read ``text`` as a value of type ``hint``; ``none`` where that may be None."""
    if type(None) in get_args(hint):
        if text == "none":
            return None
        (hint,) = (kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is Literal:
        if text not in get_args(hint):
            raise InputError(f"{where} must be one of {', '.join(get_args(hint))}.")
        return text
    if hint is bool:
        if text not in ("true", "false"):
            raise InputError(f"{where} must be true or false.")
        return text == "true"
    try:
        value = hint(text)
    except ValueError:
        kind = {int: "a whole number", float: "a number"}.get(hint, hint.__name__)
        raise InputError(f"{where} must be {kind}.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where} must be finite.")
    return value
