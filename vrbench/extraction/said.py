"""What a feature file says of its items."""

from __future__ import annotations

import json
from pathlib import Path

from vrbench.features.cut import cut_notes
from vrbench.features.hdf5 import open_hdf5, read_attrs, reading
from vrbench.features.sides import read_side, sides_of


def cut_off(path: Path) -> list[str]:
    """Return notes on what an encoder's limits cut off in a feature file, in all runs."""
    with open_hdf5(path) as file, reading(path):
        attrs = read_attrs(file)
        held = sides_of(file, attrs, path)
        sides = {side: read_side(held, side, attrs, path) for side in held}
        return list(cut_notes(sides, attrs, path))


def json_attrs(**attrs: object) -> dict[str, str | None]:
    """Return attributes as JSON; None for empty ones."""

    def says(value: object) -> bool:
        return any(value.values()) if isinstance(value, dict) else bool(value)

    return {name: json.dumps(value) if says(value) else None for name, value in attrs.items()}
