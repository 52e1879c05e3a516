"""What a folder holds, file by file, apart from dates and durations."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hand_made import contents

State = dict[str, str]
"""Name of each file below a folder -> a digest of what it says."""


def state_of(folder: Path) -> State:
    """Read every file below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if not path.is_dir()]
    return {str(path.relative_to(folder)): _digest(path) for path in files}


def bytes_of(folder: Path) -> str:
    """Return a digest of the names and bytes of all files below a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content = b"" if path.is_dir() else path.read_bytes()
        found.update(f"{path}\n{len(content)}\n".encode() + content)
    return found.hexdigest()


def _digest(path: Path) -> str:
    try:
        said = _SAID.get(path.suffix, Path.read_bytes)(path)
    except Exception as error:  # whatever a reader makes of damage is damage
        return f"damaged: {error!r}"
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _hdf5(path: Path) -> Any:
    if not h5py.is_hdf5(path):
        raise ValueError("no HDF5 file")
    return sorted(contents(path).items())


def _npz(path: Path) -> Any:
    with np.load(path) as file:
        return [(key, str(file[key].dtype), file[key].tolist()) for key in sorted(file.files)]


def _json(path: Path) -> Any:
    values = json.loads(path.read_text())
    return {k: v for k, v in values.items() if k not in ("seconds", "provenance")}


_SAID = {".h5": _hdf5, ".npz": _npz, ".json": _json}
