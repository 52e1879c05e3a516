"""Items in LMDB, parquet and tars, as other programs write them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

Array = NDArray[Any]


def npy(array: Array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(array: Array) -> bytes:
    """The values of HERO's data bases: a compressed npz with one array."""
    stream = io.BytesIO()
    np.savez_compressed(stream, features=array)
    return stream.getvalue()


def pt(array: Array) -> bytes:
    stream = io.BytesIO()
    torch.save(torch.from_numpy(array), stream)
    return stream.getvalue()


def write_lmdb(path: Path, values: Mapping[str, bytes]) -> Path:
    """Write a data base whose map is far larger than what it holds, as is usual."""
    lmdb: Any = pytest.importorskip("lmdb")
    base = lmdb.open(str(path), map_size=1 << 36)
    with base.begin(write=True) as transaction:
        for key, value in values.items():
            transaction.put(key.encode(), value)
    base.close()
    return path


def write_parquet(path: Path, fixed: bool = False, **columns: Any) -> Path:
    """Write vectors (n, d) as lists, of fixed size or not; lists of them, and lists of strings."""
    core: Any = pytest.importorskip("arro3.core")
    io_: Any = pytest.importorskip("arro3.io")

    def column(values: Any) -> Any:
        if isinstance(values, list) and isinstance(values[0], np.ndarray | list):
            whole = [one for value in values for one in value]
            inner = column(np.array(whole) if isinstance(values[0], np.ndarray) else whole)
            ends = np.cumsum([0, *map(len, values)], dtype=np.int32)
            return core.list_array(core.Array.from_numpy(ends), inner)
        if not isinstance(values, np.ndarray):
            return core.Array(values, core.DataType.string())
        if values.ndim == 1:
            return core.Array.from_numpy(values)
        flat, width = (
            core.Array.from_numpy(np.ascontiguousarray(values).reshape(-1)),
            values.shape[1],
        )
        if fixed:
            return core.fixed_size_list_array(flat, width)
        offsets = np.arange(0, values.size + 1, width, dtype=np.int32)
        return core.list_array(core.Array.from_numpy(offsets), flat)

    table = core.Table.from_pydict({name: column(values) for name, values in columns.items()})
    io_.write_parquet(table, str(path))
    return path


def write_tar(path: Path, files: Mapping[str, bytes | str | dict[str, Any]]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, value in files.items():
            data = json.dumps(value) if isinstance(value, dict) else value
            data = data.encode() if isinstance(data, str) else data
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path
