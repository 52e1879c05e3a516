"""What a Result says of a feature file."""

from __future__ import annotations

from typing import Any

from vrbench.features import Features
from vrbench.results.schema import DataAbout


def about(features: Features) -> DataAbout:
    """Return data set, split, encoder, file and notes."""
    attrs = features.attrs
    return {
        "dataset": str(attrs.get("dataset") or features.path.stem),
        "split": _text(attrs.get("split")),
        "encoder": _text(attrs.get("encoder")),
        "features": {"file": features.path.name, "sha256": features.sha256()},
        "notes": list(features.data_notes),
    }


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
