"""One npy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vrbench.importing.layouts import layouts
from vrbench.importing.tree import ALONE, About, Layout, Stored, Tree
from vrbench.runtime.npy import MAGIC, npy_header, read_npy


@layouts.register("npy")
@dataclass(frozen=True)
class NpyLayout(Layout):
    """An npy: the vectors (n, d) of one side, row after row."""

    what = "one npy file"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it begins as an npy."""
        return start.startswith(MAGIC)

    def read(self, path: Path) -> Tree:
        """Return the array, which stays on disk."""
        return Tree(str(path), {ALONE: stored_npy(path)}, self.what)


def stored_npy(path: Path) -> Stored:
    """Return the array of an npy, which is mapped when it is used."""
    return Stored(partial(read_npy, path, mapped=True), partial(_about, path))


def _about(path: Path) -> About:
    header = npy_header(path)
    return header.shape, header.dtype
