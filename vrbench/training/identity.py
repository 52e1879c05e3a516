"""What decides a training: only the same one is gone on with, or taken for done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vrbench.alignments import parse_method
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.heads import parse_head
from vrbench.losses import parse_loss
from vrbench.registry import origins
from vrbench.runtime.opened import sha256_of
from vrbench.training.settings import TrainingSettings


def identity_of(
    features: Features, settings: TrainingSettings, start: Path | None = None
) -> dict[str, Any]:
    """Return everything that decides a training.

    Args:
        features: the training features.
        settings: head, method, loss and numbers.
        start: the weights that it begins with.

    Raises:
        InputError: ``start`` is not there.
    """
    said: dict[str, Any] = {"head": settings.head, "method": settings.method, "loss": settings.loss}
    said |= {"epochs": settings.epochs, "seed": settings.seed, **settings.values}
    said["features"] = features.sha256()
    if start is not None:
        if not start.is_file():
            raise InputError(f"{start} does not exist: give a head or a checkpoint.")
        said["start"] = sha256_of(start)
    return said | _plugins(settings)


def _plugins(settings: TrainingSettings) -> dict[str, Any]:
    """Return as ``plugins`` where heads, losses and alignments from outside come from."""
    terms = (*parse_method(str(settings.method)).parts, *parse_loss(settings.loss).parts)
    parts = parse_head(settings.head).parts.values()
    found = origins(*parts, *(part for _, part in terms))
    return {"plugins": found} if found else {}
