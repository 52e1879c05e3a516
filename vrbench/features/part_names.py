"""The names of a feature file's parts, see ``parts.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.features.strings import is_text, strings

PARTS = "parts"
"""Group of a whole, whose tokens lie in other files."""

COLUMNS = ("file", "sha256")
"""Its datasets."""


def part_names(file: Any, path: Path) -> list[str]:
    """Return the names of a file's parts, which lie in its own folder; most files have none.

    Raises:
        InputError: the group ``/parts`` is malformed, or a name could lead out of the folder.
    """
    import h5py

    if PARTS not in file:
        return []
    group = file[PARTS]
    columns = [group.get(name) if isinstance(group, h5py.Group) else None for name in COLUMNS]
    found = [one for one in columns if isinstance(one, h5py.Dataset) and one.ndim == 1]
    if len(found) != len(COLUMNS) or not all(map(is_text, found)):
        raise InputError(f"{path} has a malformed /{PARTS}: run vrbench join on its folder.")
    names: list[str] = strings(found[0]).tolist()
    if not 0 < len(set(names)) == len(names) == len(found[1]):
        raise InputError(
            f"{path} has a malformed /{PARTS} ({len(names)} names): run vrbench join on its folder."
        )
    for name in names:
        if not is_plain_name(name):
            raise InputError(
                f"{path} names the part {name!r}, which is no file in its folder: run vrbench join "
                "on the folder of its parts."
            )
    return names


def is_plain_name(name: str) -> bool:
    """Whether a name is that of a file in the same folder, for HDF5 too (% is special there)."""
    return name not in ("", ".", "..") and not set(name) & set("/\\%\0") and name.isprintable()
