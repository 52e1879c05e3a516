"""Alignments: how the tokens of a text and of a video become one similarity."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vrbench.alignments.base import Alignment
from vrbench.errors import InputError
from vrbench.registry import Registry, format_value

alignments: Registry[Alignment] = Registry("method", "vrbench.alignments")

_PLUS = re.compile(r"(?<!\d[eE])\+")
_WEIGHTED = re.compile(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*\*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Method:
    """A weighted sum of alignments; usually one of weight 1.

    Attributes:
        parts: (weight, alignment) in order.
    """

    parts: tuple[tuple[float, Alignment], ...]

    @property
    def symmetric(self) -> bool:
        """Whether one matrix serves both directions."""
        return all(part.symmetric for _, part in self.parts)

    def with_weights(self, weights: Mapping[str, Any]) -> Method:
        """Return the same sum, each alignment with what a head has learnt for it."""
        return Method(tuple((weight, part.with_weights(weights)) for weight, part in self.parts))

    @property
    def spec(self) -> str:
        """The spec that names this sum, such as ``0.5*global+0.5*tokenflow:lam=5``."""
        return "+".join(
            alignments.spec(part)
            if weight == 1
            else f"{format_value(weight)}*{alignments.spec(part)}"
            for weight, part in self.parts
        )


def parse_method(spec: str) -> Method:
    """Read ``name:key=value`` or a weighted sum ``0.5*name+0.5*name:key=value``.

    Raises:
        InputError: a name, parameter, value or weight cannot be read.
    """
    parts = [_parse_part(part, spec) for part in _PLUS.split(spec)]
    return Method(tuple(parts))


def terms(spec: str) -> list[str]:
    """Return the specs in a sum, without weights, in alphabetical order; none has to be known."""
    return sorted(part.rpartition("*")[2].strip() for part in _PLUS.split(spec))


def _parse_part(text: str, spec: str) -> tuple[float, Alignment]:
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
    return number, alignments.parse(name)
