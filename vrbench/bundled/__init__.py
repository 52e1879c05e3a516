"""The feature file that comes with vrbench, in a checkout and in an installed wheel alike.

In a checkout the file beside this module is a link to ``features/``; a wheel holds a copy.
"""

from __future__ import annotations

from pathlib import Path

from vrbench.errors import InputError

NAME = "msrvtt-476.h5"


def bundled_features() -> Path:
    """Return the path of the bundled feature file.

    Raises:
        InputError: this installation lacks it.
    """
    path = Path(__file__).parent / NAME
    if not path.is_file():
        raise InputError(f"This installation lacks the bundled {NAME}: give a feature file.")
    return path
