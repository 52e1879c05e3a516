"""What a Result says of a feature file."""

from __future__ import annotations

from typing import Any

from vrbench.features import Features
from vrbench.heads.head import Head


def about(features: Features, head: Head | None) -> dict[str, Any]:
    """Return data set, split, encoder, file, notes, and the head in front of it."""
    attrs = features.attrs
    return {
        "dataset": str(attrs.get("dataset") or features.path.stem),
        "split": _text(attrs.get("split")),
        "encoder": _text(attrs.get("encoder")),
        "features": {"file": features.path.name, "sha256": features.sha256()},
        "notes": list(features.data_notes),
        "head": head.record() if head else None,
    }


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
