"""Optional packages, imported when a command needs them."""

from __future__ import annotations

import importlib
from typing import Any

from vrbench.errors import InputError


def needed(module: str, extra: str) -> Any:
    """Import ``module``, which the extra ``extra`` of the distribution brings.

    Raises:
        InputError: it is not installed; the sentence says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"This needs the package {package}: install it with pip install 'vrbench[{extra}]'."
        ) from error
