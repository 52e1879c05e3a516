"""An npz."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vrbench.importing.layouts import layouts
from vrbench.importing.tree import About, Layout, Stored, Tree
from vrbench.runtime.npz import Npz, is_zip, kept_npz
from vrbench.runtime.torch_file import is_torch_file


@layouts.register("npz")
@dataclass(frozen=True)
class NpzLayout(Layout):
    """An npz: arrays by name; or those of one side keyed by id."""

    what = "an npz"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it is a zip, and not one of torch."""
        return start.startswith(b"PK") and is_zip(path) and not is_torch_file(path)

    def read(self, path: Path) -> Tree:
        """Return its arrays, each read when it is used."""
        npz = kept_npz(path)
        parts = {
            name: Stored(partial(npz.__getitem__, name), partial(_about, npz, name))
            for name in npz.names
        }
        return Tree(str(path), parts, self.what)


def _about(npz: Npz, name: str) -> About:
    header = npz.header(name)
    return header.shape, header.dtype
