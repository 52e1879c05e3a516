"""A safetensors file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.importing.layouts import layouts
from vrbench.importing.tree import About, Layout, Stored, Tree
from vrbench.runtime.inputs import reading, to_numpy
from vrbench.runtime.json_text import parse_json

TYPES = (
    {"F16": "f2", "F32": "f4", "F64": "f8", "BOOL": "?"}
    | dict.fromkeys(("BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), "f4")
    | {f"{kind}{bits}": f"{kind.lower()}{bits // 8}" for kind in "IU" for bits in (8, 16, 32, 64)}
)
"""What a type of the format is in numpy, which has no bfloat16 and no float8."""


@layouts.register("safetensors")
@dataclass(frozen=True)
class SafetensorsLayout(Layout):
    """safetensors: arrays by name; or those of one side keyed by id."""

    what = "a safetensors file"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it begins with the length of a JSON header."""
        length = int.from_bytes(start[:8], "little")
        return start[8:9] == b"{" and length + 8 <= path.stat().st_size

    def read(self, path: Path) -> Tree:
        """Return its tensors, which stay on disk until they are used."""
        import safetensors

        where = str(path)
        with path.open("rb") as stream:  # the package takes the last of two tensors of one name
            header = parse_json(stream.read(int.from_bytes(stream.read(8), "little")), where)
        with reading(where, problem="is no safetensors file"):
            opened = safetensors.safe_open(where, "pt")
            names = [name for name in header if name != "__metadata__"]
            parts = {
                name: Stored(partial(_read, opened, name, where), partial(_about, header[name]))
                for name in names
            }
        return Tree(where, parts, self.what)


def _read(opened: Any, name: str, where: str) -> NDArray[Any]:
    with reading(where):
        return to_numpy(opened.get_tensor(name))


def _about(said: dict[str, Any]) -> About:
    return tuple(said["shape"]), np.dtype(TYPES.get(said["dtype"], "O"))
