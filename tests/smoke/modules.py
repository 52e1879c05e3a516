"""Every module of the package, imported."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path


def import_all() -> tuple[int, Path]:
    """Import every module of vrbench but those that run when imported; how many, and from where."""
    import vrbench

    names = [module.name for module in pkgutil.walk_packages(vrbench.__path__, "vrbench.")]
    names = [name for name in names if not name.endswith("__main__")]
    for name in names:
        import_module(name)
    return len(names), Path(vrbench.__path__[0])
