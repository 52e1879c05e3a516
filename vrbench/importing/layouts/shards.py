"""Shards of clip-retrieval, as those of LAION: embeddings and metadata, row by row alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.parquet_file import read_columns
from vrbench.datasets.table import without_ending
from vrbench.errors import InputError
from vrbench.importing.layouts import layouts
from vrbench.importing.layouts.parquet import parts_of
from vrbench.importing.tree import Layout, Stored, Tree
from vrbench.importing.usual import side_of
from vrbench.runtime.files import listed
from vrbench.runtime.npy import npy_header, read_npy

_SHARD = re.compile(
    r"(?P<what>[a-z]+_emb(?:s|eddings?)?|metadata)_(?P<number>[0-9]+)\.(?:npy|parquet)"
)
METADATA = "metadata"
IDS = ("video_id", "image_id", "key", "image_path")
"""Columns of the metadata that name a row; the first one that is there does."""


@layouts.register("shards")
@dataclass(frozen=True)
class ShardsLayout(Layout):
    """A folder of img_emb/img_emb_0.npy, text_emb/..., metadata/metadata_0.parquet (LAION)."""

    what = "a folder of shards"
    needs = "the extra parquet, where there is metadata"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it is a folder with numbered embeddings of a side."""
        return path.is_dir() and any(side_of(what) for what in _shards(path))

    def read(self, path: Path) -> Tree:
        """Return all rows of each side, and what the metadata says of them."""
        shards = _shards(path)
        sides = {what: files for what, files in shards.items() if side_of(what)}
        first = next(iter(sides))
        sizes = {
            what: {n: _rows(file) for n, file in files.items()} for what, files in sides.items()
        }
        columns: dict[str, Any] = {}
        if METADATA in shards:
            files = sorted(shards[METADATA].items())
            tables = {n: parts_of(read_columns(file), file) for n, file in files}
            sizes[METADATA] = {n: len(_any(table)) for n, table in tables.items()}
            columns = _columns(list(tables.values()))
        for what, found in sizes.items():
            for number in sorted(found.keys() | sizes[first].keys()):
                if found.get(number) != sizes[first].get(number):
                    raise InputError(
                        f"{path} has {sizes[first].get(number, 0):,} rows in shard {number} of "
                        f"{first} and {found.get(number, 0):,} of {what}: both need the same rows."
                    )
        parts = {what: Stored(partial(_whole, files)) for what, files in sides.items()}
        return Tree(str(path), {**parts, **columns}, self.what)


def _shards(folder: Path) -> dict[str, dict[int, Path]]:
    """Return the shards in a folder, or in folders of it that are called like them."""
    found: dict[str, dict[int, Path]] = {}
    for path in listed(folder):
        for file in listed(path) if path.is_dir() else (path,):
            match = _SHARD.fullmatch(file.name)
            if match and (file is path or path.name == match["what"]):
                shards = found.setdefault(match["what"], {})
                if int(match["number"]) in shards:
                    raise InputError(f"{file} is the second shard of its number: keep one of them.")
                shards[int(match["number"])] = file
    return found


def _rows(file: Path) -> int:
    shape = npy_header(file).shape
    if len(shape) != 2:
        raise InputError(f"{file} holds an array {shape}, expected vectors (n, d).")
    return shape[0]


def _whole(files: dict[int, Path]) -> NDArray[Any]:
    return np.concatenate([read_npy(file, mapped=True) for _, file in sorted(files.items())])


def _any(table: dict[str, Any]) -> Any:
    return next((column for column in table.values() if isinstance(column, np.ndarray)), ())


def _columns(tables: list[dict[str, Any]]) -> dict[str, Any]:
    """Return captions and names: a row is a pair, whose sides have one name."""
    found: dict[str, Any] = {}
    for ours, names in (("captions", ("caption",)), ("ids", IDS)):
        name = next((name for name in names if all(name in table for table in tables)), None)
        if name is not None:
            found[ours] = np.concatenate([np.asarray(table[name]) for table in tables])
    if "ids" in found:
        ids = [without_ending(str(one)) for one in found.pop("ids").tolist()]
        found["video_ids"] = found["text_ids"] = np.array(ids, dtype=np.dtypes.StringDType())
    return found
