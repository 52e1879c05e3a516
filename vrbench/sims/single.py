"""A similarity file that is one matrix: an npy, a file of torch, or a table of numbers as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading, to_numpy
from vrbench.runtime.memory import check_fits
from vrbench.runtime.npy import MAGIC, header_of, npy_of
from vrbench.runtime.opened import OpenedFile
from vrbench.runtime.torch_file import OLD, is_torch_file, read_torch

TABLES = (".csv", ".tsv", ".txt")
"""Endings of tables, which have no mark of their own."""
SIGNS = ",;\t"
NOTE = (
    "The file is one matrix: its rows are taken as texts and its columns as videos, and {pairs}; "
    "nobody sees of a square matrix whether it is transposed, which swaps t2v and v2t."
)


def is_single(opened: OpenedFile) -> bool:
    """Whether a file is no npz, but one matrix."""
    if opened.path.suffix.lower() in TABLES:
        return True
    start = bytearray(len(OLD))
    opened.read_at(0, start)
    return start.startswith((MAGIC, OLD)) or is_torch_file(opened.path)


def is_single_path(path: Path) -> bool:
    """Whether a path is that of such a file."""
    if not path.is_file():
        return False
    with OpenedFile(path) as opened:
        return is_single(opened)


def read_single(opened: OpenedFile, room: int) -> dict[str, Any]:
    """Return the matrix as ``t2v``, and what is said beside it.

    A table may have a first row with the names of its videos and a first column with those of its
    texts; its values are divided by commas, semicolons or tabs.

    Args:
        opened: the file.
        room: bytes that there are for it.

    Raises:
        InputError: it is damaged, or holds no matrix of numbers, or several.
    """
    path = opened.path
    opened.seek(0)
    if path.suffix.lower() in TABLES:
        check_fits(8 * opened.size, room)
        found = _table(opened.read(), path)
    else:
        check_fits(2 * opened.size, room)
        found = _arrays(opened, path)
    named = "text_ids" in found and "video_ids" in found
    pairs = "texts belong to videos by name" if named else "row i belongs to column i"
    if "text_video" not in found and "positives" not in found:
        found["notes"] = np.array([NOTE.format(pairs=pairs)])
    return found


def _arrays(opened: OpenedFile, path: Path) -> dict[str, Any]:
    data = opened.read()
    if data.startswith(MAGIC):
        with reading(path):
            header_of(io.BytesIO(data), len(data), str(path))
        return {"t2v": npy_of(data, str(path))}
    value = read_torch(io.BytesIO(data), str(path))
    if hasattr(value, "detach"):
        return {"t2v": to_numpy(value, str(path))}
    if isinstance(value, Mapping) and "t2v" in value:
        return {str(name): _part(part, str(name), path) for name, part in value.items()}
    tensors = list(value.values()) if isinstance(value, Mapping) else []
    if len(tensors) == 1 and hasattr(tensors[0], "detach"):
        return {"t2v": to_numpy(tensors[0], str(path))}
    raise InputError(
        f"{path} holds no single matrix: give a tensor (texts x videos), or a dict with t2v."
    )


def _part(value: Any, name: str, path: Path) -> NDArray[Any]:
    if hasattr(value, "detach"):
        return to_numpy(value, f"{path}: '{name}'")
    if isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    ):
        return np.array(value)
    raise InputError(f"{path} holds {type(value).__name__} in {name}, expected a tensor.")


def _table(data: bytes, path: Path) -> dict[str, Any]:
    with reading(path, "save it as UTF-8", "is no text"):
        text = data.decode("utf-8-sig")
    first = text[: text.find("\n")] if "\n" in text else text
    sign = max(SIGNS, key=first.count) if any(sign in first for sign in SIGNS) else " "
    with reading(path, "write numbers, divided by commas, semicolons or tabs", "is no table"):
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign) if row]
    if not rows:
        raise InputError(f"{path} is empty: give a matrix, texts x videos.")
    header = not all(map(_is_number, rows[0]))
    body = rows[1:] if header else rows
    named = any(not _is_number(row[0]) for row in body) or (header and rows[0][0] == "")
    width = len(body[0]) if body else 0
    if not body:
        raise InputError(f"{path} has one row only: give a matrix, texts x videos.")
    odd = next((i for i, row in enumerate(rows) if len(row) != width), None)
    if odd is not None:
        raise InputError(
            f"{path} has {len(rows[odd])} values in row {odd + 1}, expected {width} as in others."
        )
    found: dict[str, Any] = {}
    if header:
        found["video_ids"] = np.array(rows[0][named:])
    if named:
        found["text_ids"] = np.array([row[0] for row in body])
    numbers = (_numbers(row[named:], path, i) for i, row in enumerate(body, 1 + header))
    found["t2v"] = np.array(list(numbers))
    return found


def _numbers(row: list[str], path: Path, number: int) -> NDArray[np.float64]:
    try:
        return np.array(row, dtype=np.float64)
    except ValueError:
        wrong = next(cell for cell in row if not _is_number(cell))
        raise InputError(
            f"{path}, row {number}: '{wrong[:40]}' is no number; the first row and the first "
            "column may hold names, all others numbers."
        ) from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
