"""A similarity file that is one matrix: an npy, a file of torch, or a table of numbers as text."""

from __future__ import annotations

import csv
import io
import re
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
_WHOSE = "text|caption|cap|sentence|sent?|desc|query|video|vid|clip|image|img|item|row"
WHOSE = re.compile(_WHOSE, re.IGNORECASE)
"""First cells of a header that stand above ids of texts where these are whole numbers, or names."""
IDS = re.compile(
    rf"(?:(?:{_WHOSE}|[qv])s?[_ -]?)?(?:ids?|index|idx|names?|keys?)|unnamed: 0|", re.IGNORECASE
)
"""Those that do whatever stands below them."""
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
    texts, which may be numbers below a first cell that is empty or says that they are ids; its
    values are divided by commas, semicolons or tabs.

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
    if not named and _counts(found.get("video_ids", np.array([])).tolist()):
        pairs += " (the first row counts the columns)"
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
    header = _has_header(rows, path)
    body = rows[1:] if header else rows
    if not body:
        raise InputError(f"{path} has one row only: give a matrix, texts x videos.")
    width = len(body[0])
    odd = next((i for i, row in enumerate(rows) if len(row) != width), None)
    if odd is not None:
        raise InputError(
            f"{path} has {len(rows[odd])} values in row {odd + 1}, expected {width} as in others."
        )
    named = any(not _is_number(row[0]) for row in body) or (header and _heads_ids(rows, path))
    found: dict[str, Any] = {}
    if header:
        found["video_ids"] = np.array(rows[0][named:])
    if named:
        found["text_ids"] = np.array([row[0] for row in body])
    numbers = (_numbers(row[named:], path, i) for i, row in enumerate(body, 1 + header))
    found["t2v"] = np.array(list(numbers))
    return found


def _has_header(rows: list[list[str]], path: Path) -> bool:
    """Whether the first row names the columns, or counts them: then the matrix is not square.

    Raises:
        InputError: it does neither, but begins with a name.
    """
    first, *others = rows[0]
    if all(map(_is_number, rows[0])):
        return _counts(rows[0]) and len(rows) != len(rows[0]) and _has_decimals(rows[1:])
    names = _are_whole(others) and not _is_like(first, [row[0] for row in rows[1:]])
    if names or _is_corner(first) or not all(map(_is_number, others)):
        return True
    raise InputError(
        f"{path} has no header, but names in its first column: its first row is '{first[:40]}' and "
        "numbers. Put a row above it, an empty cell and then the name of each video."
    )


def _heads_ids(rows: list[list[str]], path: Path) -> bool:
    """Whether the first cell of a header stands above ids of texts, not above a video's numbers.

    Raises:
        InputError: it may be either.
    """
    corner, *others = rows[0]
    whole = _are_whole([row[0] for row in rows[1:]])
    if _is_corner(corner):
        return whole or WHOSE.fullmatch(corner.strip()) is None
    if not whole or _is_like(corner, others) or not _has_decimals([row[1:] for row in rows[1:]]):
        return False
    raise InputError(
        f"{path} has different whole numbers below '{corner[:40]}', its first cell: if they name "
        "texts, call that cell text_id; if they are similarities, write them with a point (1.0)."
    )


def _is_like(name: str, others: list[str]) -> bool:
    """Whether a name differs from some other one in its digits only, as video7 from video12."""
    return any(re.sub(r"\d+", "0", name) == re.sub(r"\d+", "0", other) for other in others)


def _counts(row: list[str]) -> bool:
    """Whether a row is 0, 1, 2, ..., as pandas names columns."""
    return len(row) > 1 and row == [str(i) for i in range(len(row))]


def _is_corner(cell: str) -> bool:
    """Whether the first cell of a header may say that ids of texts stand below it."""
    return any(one.fullmatch(cell.strip()) is not None for one in (WHOSE, IDS))


def _are_whole(cells: list[str]) -> bool:
    """Whether cells are whole numbers, all different, as ids are."""
    return all(cell.isdecimal() for cell in cells) and len(set(cells)) == len(cells)


def _has_decimals(rows: list[list[str]]) -> bool:
    """Whether some number is not a whole one."""
    return any(_is_number(cell) and not cell.isdecimal() for row in rows for cell in row)


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
