"""What a Result says of a feature file, and of a head."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from vrbench.features import Features
from vrbench.results.schema import DataAbout, FeaturesAbout, HeadAbout


class _Named(Protocol):
    @property
    def spec(self) -> str: ...


class _Head(Protocol):
    """What is read of a head."""

    @property
    def path(self) -> Path | None: ...
    @property
    def sha256(self) -> str: ...
    @property
    def spec(self) -> _Named: ...
    @property
    def about(self) -> Mapping[str, Any]: ...


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


def head_about(head: _Head | None) -> HeadAbout | None:
    """Return the head that the items went through, as a result says it."""
    if head is None:
        return None
    said, features = head.about, head.about.get("features")
    of: FeaturesAbout | None = None
    if features:
        of = {"file": str(features["file"]), "sha256": features.get("sha256")}
    return {
        "file": head.path.name if head.path else None,
        "sha256": head.sha256,
        "head": head.spec.spec,
        "loss": said.get("loss"),
        "method": said.get("method"),
        "seed": said.get("seed"),
        "epochs": said.get("epochs"),
        "best": said.get("best"),
        "features": of,
    }
