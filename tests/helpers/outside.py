"""Plug-in files that are run in a test, and forgotten after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vrbench.alignments import alignments
from vrbench.auditing.rules import rules
from vrbench.datasets import datasets
from vrbench.encoders import encoders
from vrbench.figures import figures
from vrbench.heads import heads
from vrbench.losses.base import losses
from vrbench.normalizations import normalizations
from vrbench.registry import Registry, load_file
from vrbench.sequences import sequences

REGISTRIES: tuple[Registry[Any], ...] = (
    *(alignments, sequences, normalizations, heads, losses, encoders, datasets, figures, rules),
)


@contextmanager
def plugged(path: Path, code: str) -> Iterator[Path]:
    """Write a file of methods and run it; what it registers is forgotten afterwards."""
    before = [(one, dict(one.classes())) for one in REGISTRIES]
    path.write_text(f"{code}\n# {path}")  # a file of the same content is run once
    try:
        load_file(path)
        yield path
    finally:
        for registry, classes in before:
            registry._classes.clear()
            registry._classes.update(classes)
