"""The curve of a training as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the curve with a column for each number: ``t2v R@1``, ..."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        inner = value.items() if isinstance(value, dict) else ()
        found |= {f"{name} {key}": one for key, one in inner} if inner else {name: value}
    return found
