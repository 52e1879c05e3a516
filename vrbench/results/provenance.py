"""Who made a result: versions, settings and the command."""

from __future__ import annotations

import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from vrbench._version import VERSION
from vrbench.results.schema import Provenance
from vrbench.runtime.compiling import available


def provenance(seed: int, precision: str, device: str, function: str) -> Provenance:
    """Return versions, settings and date; the command line, or the ``function`` of Python."""
    import torch

    from_shell = Path(sys.argv[0]).stem == "vrbench"
    return {
        "vrbench": VERSION,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "numba": version("numba") if available() else None,  # null: torch does the reductions
        "seed": seed,
        "precision": precision,
        "device": device,
        "command": shlex.join(["vrbench", *sys.argv[1:]]) if from_shell else function,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
