"""Writing an npz without loading what stays on disk."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from vrbench.sims.levels import Levels
from vrbench.sims.stored import StoredMatrix

COPIED = 16_000_000
"""Bytes that are written from file to file at once."""


def write_npz(stream: IO[bytes], arrays: Mapping[str, Any]) -> None:
    """Write an npz as ``np.savez`` does, without loading what stays on disk.

    Of levels that are transposes of what is on disk, one is loaded at a time.
    """
    with zipfile.ZipFile(stream, "w") as archive:
        for key, value in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                if isinstance(value, StoredMatrix):
                    _write_header(member, value, transposed=value.transposed)
                    _write_rows(member, value.T if value.transposed else value)
                elif isinstance(value, Levels):
                    _write_header(member, value, transposed=False)
                    for level in value:
                        _write_rows(member, level)
                else:
                    np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)


def _write_header(member: IO[bytes], matrix: Any, *, transposed: bool) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(matrix.dtype)),
        "fortran_order": transposed,
        "shape": matrix.shape,
    }
    np.lib.format.write_array_header_1_0(member, header)


def _write_rows(member: IO[bytes], matrix: Any) -> None:
    if isinstance(matrix, StoredMatrix) and matrix.transposed:
        matrix = np.asarray(matrix)
    n, m = matrix.shape
    step = max(1, COPIED // (m * matrix.dtype.itemsize))
    for start in range(0, n, step):
        member.write(np.ascontiguousarray(matrix[start : start + step]).data)
