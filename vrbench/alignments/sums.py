"""Specs of weighted sums, ``0.5*name+0.5*name:key=value``, of whatever has a registry."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from vrbench.errors import InputError
from vrbench.registry import format_value, split_sum, summands

T = TypeVar("T")

_WEIGHTED = re.compile(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*\*(.*)", re.DOTALL)


def parse_sum(spec: str, parse: Callable[[str], T]) -> tuple[tuple[float, T], ...]:
    """Read a weighted sum whose parts ``parse`` reads; (weight, part) in order.

    Raises:
        InputError: a weight cannot be read, a part is missing, or ``parse`` says so.
    """
    parts = (_weighted(part, spec) for part in summands(spec))
    return tuple((weight, parse(name)) for weight, name in parts)


def sum_spec(parts: Iterable[tuple[float, T]], spec: Callable[[T], str]) -> str:
    """Write a weighted sum, such as ``0.5*global+0.5*tokenflow:lam=5``; a weight of 1 is left out.

    Args:
        parts: (weight, part) in order.
        spec: writes a part.
    """
    return "+".join(
        spec(part) if weight == 1 else f"{format_value(weight)}*{spec(part)}"
        for weight, part in parts
    )


def terms_in_order(spec: str) -> list[str]:
    """Return the terms of a sum with their weights, as they stand there."""
    return split_sum(spec)


def _weighted(text: str, spec: str) -> tuple[float, str]:
    match = _WEIGHTED.fullmatch(text)
    if match is None and "*" in text:
        raise InputError(
            f"Cannot read the weight in '{text}' of '{spec}': write 0.5*name+0.5*name."
        )
    weight, name = (match[1], match[2]) if match else ("1", text)
    try:
        number = float(weight)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"The weight '{weight}' in '{spec}' is not a finite number.")
    return number, name
