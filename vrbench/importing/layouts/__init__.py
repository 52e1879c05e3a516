"""Layouts of files that are imported: one reader a file, found by itself.

A reader says what is there, by name, and nothing else: which of it is video or text, and which text
belongs to which video, is decided in one place for all of them (``importing/naming.py``,
``importing/load.py``).
"""

from __future__ import annotations

from pathlib import Path

from vrbench.errors import InputError
from vrbench.importing.tree import Layout, Tree
from vrbench.registry import Registry

layouts: Registry[Layout] = Registry("layout", "vrbench.importing.layouts", base=Layout)

START = 512
"""First bytes of a file by which its layout is known; a tar has its mark at byte 257."""

__all__ = ["layouts", "read_tree"]


def read_tree(path: Path) -> Tree:
    """Return the arrays in a file or folder of any layout.

    Raises:
        InputError: it is missing, of no layout that is known, or damaged.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist: give an npz, or a folder of npy files.")
    if not (path.is_dir() or path.is_file()):  # reading of a pipe might never end
        raise InputError(f"{path} is no file: give an npz, or a folder of npy files.")
    start = b""
    if path.is_file():
        with path.open("rb") as stream:
            start = stream.read(START)
    known = sorted((layout() for layout in layouts.classes().values()), key=lambda one: one.last)
    for layout in known:
        if layout.fits(path, start):
            return layout.read(path)
    raise InputError(
        f"{path} {_what_it_is(start)}: give an npz, a folder of npy files, or another layout of "
        "vrbench import --help."
    )


def _what_it_is(start: bytes) -> str:
    if start.startswith(b"PK"):
        return "is a damaged npz"
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        return "is a pickle, which may run any code when it is read"
    if start.startswith(b"\x1f\x8b"):
        return "is packed by gzip, which is to be unpacked first"
    return "is no npz"
