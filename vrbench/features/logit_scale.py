"""The encoder's logit scale, which multiplies cosines, as a temperature of norms."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from vrbench.errors import InputError
from vrbench.registry import format_value

Norm = TypeVar("Norm")

WORD = "scale"
"""Word for the encoder's logit scale in a norm's spec: ``ncl:gamma=scale``."""
DIVIDES = ("gamma", "tau")
"""Parameters that divide similarities."""
MULTIPLIES = ("beta", "scale")
"""Parameters that multiply similarities."""


def logit_scale(value: Any, where: str) -> float | None:
    """Read a stored logit scale; None where there is none.

    Raises:
        InputError: it is no positive number.
    """
    if value is None:
        return None
    scale = np.asarray(value)
    if scale.shape != () or scale.dtype.kind not in "fiu" or not 0 < float(scale) < np.inf:
        raise InputError(f"{where} has scale = {scale}, expected a positive number.")
    return float(scale)


def with_scale(spec: str, scale: float | None, where: str) -> str:
    """Replace the word by its number: with scale 100, ``gamma=scale`` becomes ``gamma=0.01``.

    Args:
        spec: of a norm; one without the word comes back as it is.
        scale: the encoder's logit scale, where it is known.
        where: the file that should say it.

    Raises:
        InputError: the scale is not known.
    """
    name, _, tail = spec.partition(":")
    parts = [[piece.strip() for piece in part.partition("=")] for part in tail.split(",")]
    if not any(value == WORD for _, _, value in parts):
        return spec
    if scale is None:
        raise InputError(
            f"{where} does not say its encoder's logit scale (attribute or key 'scale') for "
            f"'{spec}': give a number instead."
        )
    numbers = {True: format_value(1 / scale), False: format_value(scale)}
    filled = [
        f"{key}={numbers[key in DIVIDES] if value == WORD else value}" for key, _, value in parts
    ]
    return f"{name}:{','.join(filled)}"


def fitted_to(norm: Norm, factor: float) -> Norm | None:
    """Return a norm for similarities that are cosines times ``factor``.

    None where none of its parameters depends on their scale, or the user has set one.
    """
    changed: dict[str, float] = {}
    for field in fields(norm):  # type: ignore[arg-type]  # norms are dataclasses
        if field.name in (*DIVIDES, *MULTIPLIES):
            value = getattr(norm, field.name)
            if value != field.default:
                return None
            more = factor if field.name in DIVIDES else 1 / factor
            changed[field.name] = float(f"{value * more:.6g}")
    return replace(norm, **changed) if changed else None  # type: ignore[type-var]
