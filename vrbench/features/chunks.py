"""Chunks of a dataset: checks of what HDF5 assumes without checking."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.runtime.opened import OpenedFile

GZIP, SHUFFLE, FLETCHER32, LZF = 1, 2, 3, 32000
"""Filters that are allowed, by HDF5's numbers; all others are plug-ins or rare."""

LARGEST_CHUNK = 1 << 28
"""Bytes of a compressed chunk, unpacked."""

BOMB = 64
"""How many times larger a column may be than its bytes in the file."""

COLUMN = 64_000_000
"""Bytes up to which a column is read whatever its bytes in the file."""

_REFERENCE = np.dtype([("length", "<u4"), ("heap", "<u8"), ("index", "<u4")])
"""A string of variable length, as a dataset has it: the string itself lies on a heap."""


def chunk_problems(dataset: Any, filters: Sequence[int], size: int) -> Iterator[str]:
    """Yield what is wrong with the chunks of a dataset.

    HDF5 copies a whole chunk even where fewer bytes are stored or unpacked, and so reads beyond
    them in memory.

    Args:
        dataset: in chunks.
        filters: HDF5's numbers of its filters, in the order in which they were applied.
        size: bytes of the file.
    """
    chunk = math.prod(dataset.chunks) * _item_bytes(dataset)
    if filters and chunk > LARGEST_CHUNK:
        yield (
            f"has compressed chunks of {chunk / 1e6:,.0f} MB, at most {LARGEST_CHUNK / 1e6:,.0f} "
            "MB are read: store it in smaller chunks."
        )
        return
    parts = _chunks(dataset)
    taken = sum(part.size for part in parts)
    if filters and dataset.ndim == 1 and chunk * len(parts) > max(COLUMN, BOMB * taken):
        yield f"unpacks to more than {BOMB} times its size: store it without compression."
        return
    for part in parts:
        inside = part.byte_offset + part.size <= size
        right = _unpacked(dataset, part, filters, chunk) if filters else part.size == chunk
        if not inside or right in (None, False):
            yield (
                f"is damaged (its chunk at {part.chunk_offset} is not as large as a chunk has to "
                "be): write the file again."
            )
            return


def string_problems(dataset: Any, filters: Sequence[int], file: OpenedFile) -> Iterator[str]:
    """Yield what is wrong with the lengths of strings of variable length.

    HDF5 allocates a string before it reads it, and entries may share a string without limit.
    """
    if LZF in filters:
        yield "has strings of variable length packed by lzf: store them without, or with gzip."
        return
    total = 0
    for references in _references(dataset, filters, file):
        lengths = references["length"].astype(np.int64)
        total += int(lengths.sum())
        if lengths.max(initial=0) > file.size or total > max(COLUMN, BOMB * file.size):
            yield "is damaged (its strings are longer than the file): write the file again."
            return


def _references(dataset: Any, filters: Sequence[int], file: OpenedFile) -> Iterator[NDArray[Any]]:
    if dataset.chunks is not None:
        chunk = math.prod(dataset.chunks) * _REFERENCE.itemsize
        for part in _chunks(dataset):
            yield np.frombuffer(_unpacked(dataset, part, filters, chunk) or b"", _REFERENCE)
    elif (start := dataset.id.get_offset()) is not None:
        found = np.zeros(dataset.size, _REFERENCE)
        file.read_at(start, found)
        yield found


def _chunks(dataset: Any) -> list[Any]:
    """Return HDF5's record of each chunk: its place and its bytes."""
    found: list[Any] = []
    dataset.id.chunk_iter(found.append)
    return found


def _item_bytes(dataset: Any) -> int:
    """Bytes of an entry in the file; in memory, a string of variable length takes others."""
    if dataset.dtype.hasobject:
        return _REFERENCE.itemsize
    return int(dataset.id.get_type().get_size())


def _unpacked(dataset: Any, part: Any, filters: Sequence[int], expected: int) -> bytes | None:
    """Return a chunk without its filters, None where it has not the ``expected`` bytes.

    What lzf has packed is zeros here: only its length is known.
    """
    mask, data = dataset.id.read_direct_chunk(part.chunk_offset)
    for place, code in reversed(list(enumerate(filters))):
        if mask >> place & 1:  # not applied to this chunk
            continue
        try:
            if code == GZIP:
                data = _inflated(data, expected)
            elif code == LZF:
                data = bytes(_lzf_length(data, expected))
        except (zlib.error, IndexError):
            return None
        if code == FLETCHER32:
            data = data[:-4] if len(data) >= 4 else b""
        elif code == SHUFFLE and len(data) == expected:
            data = np.frombuffer(data, np.uint8).reshape(_item_bytes(dataset), -1).T.tobytes()
    return data if len(data) == expected else None


def _inflated(data: bytes, most: int) -> bytes:
    stream = zlib.decompressobj()
    found = stream.decompress(data, most + 4 + 1)  # 4: a check sum that was added before
    if not stream.eof:
        raise zlib.error("longer than a chunk")
    return found


def _lzf_length(data: bytes, most: int) -> int:
    """Return how many bytes LZF data unpack to; source: lzf_d.c of liblzf 3.6."""
    place = length = 0
    while place < len(data) and length <= most + 4:
        control = data[place]
        if control < 32:
            place += 2 + control
            length += 1 + control
            continue
        more = control >> 5 == 7
        length += (control >> 5) + 2 + (data[place + 1] if more else 0)
        place += 3 if more else 2
    if place > len(data):
        raise IndexError("cut in the middle")
    return length
