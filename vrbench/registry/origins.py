"""Where a class comes from: vrbench itself, a distribution, a file, or the session at hand."""

from __future__ import annotations

import hashlib
import secrets
import sys
from dataclasses import dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from importlib.metadata import Distribution, entry_points
from itertools import takewhile
from pathlib import Path
from typing import NotRequired, TypedDict

HOUSE = "vrbench"
"""The package whose classes are built-in."""

GROUPS: set[str] = set()
"""The groups of entry points of every registry."""

_FILES: dict[str, Origin] = {}
"""Of the modules that plug-in files were run as, by name."""

_KNOWN: dict[type, Origin | None] = {}


class OriginDict(TypedDict):
    """An origin in files and listings, without what is not known of it."""

    distribution: NotRequired[str]
    version: NotRequired[str]
    file: NotRequired[str]
    sha256: str


@dataclass(frozen=True)
class Origin:
    """Where a method from outside comes from, and what tells one state of it from another.

    Attributes:
        sha256: of the file; of a package, over all of its Python files and extension modules.
        distribution: the name of the distribution, where it is one.
        version: of the distribution.
        file: the name of the file, where it is no distribution.
    """

    sha256: str
    distribution: str | None = None
    version: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        if self.distribution:
            return f"the distribution {self.distribution} {self.version}"
        return f"the file {self.file}" if self.file else "this process"

    def to_dict(self) -> OriginDict:
        """Return what is known, for a result and for listings."""
        about: OriginDict = {"sha256": self.sha256}
        if self.file is not None:
            about = {"file": self.file, **about}
        if self.version is not None:
            about = {"version": self.version, **about}
        return about if self.distribution is None else {"distribution": self.distribution, **about}


def origin(cls: type) -> Origin | None:
    """Return where a class comes from, as it was when it was first asked for; None: built-in."""
    if cls not in _KNOWN:
        _KNOWN[cls] = _found(cls.__module__)
    return _KNOWN[cls]


def origins(*methods: object) -> list[OriginDict]:
    """Return the origins of the methods from outside among these, each once, in a fixed order.

    Args:
        methods: alignments, norms and so on; None is left out.
    """
    found = {origin(type(method)) for method in methods if method is not None} - {None}
    return sorted((one.to_dict() for one in found if one), key=lambda one: sorted(one.items()))


def set_unknown(cls: type) -> None:
    """Say that a class is of this process, wherever its module is."""
    _KNOWN[cls] = _unknown()


def known() -> list[type]:
    """Return the classes from outside that were registered."""
    return [cls for cls, where in _KNOWN.items() if where is not None]


def module_of_file(name: str, where: Origin) -> None:
    """Say which file is run as the module ``name``."""
    _FILES[name] = where


def _found(module: str) -> Origin | None:
    if module.partition(".")[0] == HOUSE:
        return None
    if module in _FILES:
        return _FILES[module]
    path = _path(module)
    digest = None if path is None else _digest(path)
    if path is None or digest is None:
        return _unknown()
    distribution = _distribution(module)
    if distribution is None:
        return Origin(digest, file=path.name)
    return Origin(digest, distribution.name, distribution.version)


def _unknown() -> Origin:
    """Return an origin of its own: nobody can say later what this was, nor that it is the same."""
    return Origin(secrets.token_hex(32))


def _path(module: str) -> Path | None:
    """Return the folder of the outermost package that is no mere namespace, or the module's file.

    None where there is none, as in a notebook.
    """
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        file = getattr(sys.modules.get(".".join(parts[:end])), "__file__", None)
        if file:
            path = Path(file)
            return path.parent if path.stem == "__init__" else path
    return None


@cache
def _digest(path: Path) -> str | None:
    """SHA-256 of a file, or over the code of a folder; None where it cannot be read."""
    try:
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
        endings = (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)
        whole = hashlib.sha256()
        for file in sorted(path.rglob("*")):
            if file.name.endswith(endings) and file.is_file():
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                whole.update(f"{file.relative_to(path).as_posix()}\0{content}\n".encode())
    except OSError:
        return None
    return whole.hexdigest() if path.is_dir() else None


def _distribution(module: str) -> Distribution | None:
    """Return the distribution with the entry point that is nearest to a module."""
    nearest: tuple[int, Distribution | None] = (0, None)
    for group in sorted(entry_points().groups):
        house = group in GROUPS or group.startswith(f"{HOUSE}.")
        for entry in entry_points(group=group) if house else ():
            near = _shared(entry.value.partition(":")[0].strip(), module)
            if near > nearest[0]:
                nearest = (near, entry.dist)
    return nearest[1]


def _shared(a: str, b: str) -> int:
    """Count the leading parts that two dotted names share."""
    pairs = zip(a.split("."), b.split("."), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
