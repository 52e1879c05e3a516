"""The feature file that comes with vrbench, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

from vrbench.errors import InputError

NAME = "msrvtt-476.h5"


def bundled_features() -> Path:
    """Return the path of the bundled feature file.

    Raises:
        InputError: this installation lacks it.
    """
    package = Path(__file__).parent
    for folder in (package / "bundled", package.parent / "features"):
        if (folder / NAME).is_file():
            return folder / NAME
    raise InputError(
        f"The bundled features ({NAME}) are missing from this installation: give a feature file."
    )
