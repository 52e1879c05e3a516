"""Changing arrays in npy and HDF5 files."""

from __future__ import annotations

import io
import struct
from random import Random
from typing import Any

import numpy as np

SHAPES = ((), (0,), (1,), (2,), (3, 2), (2, 0), (0, 4), (5, 3, 2), (1, 1, 1, 1), (300,), (8, 16))
TYPES = (
    *("f2", "f4", "f8", ">f4", "g", "i1", "i4", "i8", "u1", "u8", "?", "c8", "M8[s]", "m8[D]"),
    *("S3", "U3", "U0", "S0", "V2", "f4,i4"),
)
SAID = ("|O", "<f4", "<f8", "|S0", "<U0", "<U1", "|V0", "<f16", "<c16", "<i9", "<U99999999")
SIZES = (0, 1, 2, 3, -1, 7, 2**16, 2**31, 2**32, 2**40, 2**62, 2**63, 2**64, 10**30)


def random_array(rng: Random) -> Any:
    """Return a small array of any type and shape."""
    size = rng.choice(SHAPES)
    kind = np.dtype(rng.choice(TYPES))
    if 0 in size:  # numpy never ends turning none of (2, 0) numbers into strings
        return np.zeros(size, kind)
    if rng.random() < 0.3:
        values = np.full(size, rng.choice((np.nan, np.inf, -1e38, 0, 1, 1e-40)))
    else:
        values = np.random.default_rng(rng.randrange(2**32)).standard_normal(size) * 3
    with np.errstate(all="ignore"):
        try:
            return values.astype(kind)
        except (TypeError, ValueError):
            return np.zeros(size, kind)


def random_npy(rng: Random) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(random_array(rng)))
    return stream.getvalue()


def mutate_npy(data: bytes, rng: Random) -> bytes:
    """Say another type, shape or order of an array, or store its numbers otherwise."""
    stream = io.BytesIO(data)
    np.lib.format.read_magic(stream)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    rest = bytearray(data[stream.tell() :])
    kind = rng.randrange(6)
    if kind == 0:
        return random_npy(rng)
    if kind == 1 and rest:
        for _ in range(rng.choice((1, 1, 4))):
            at = rng.randrange(len(rest))
            rest[at : at + 4] = rng.choice(
                (b"\0\0\x80\x7f", b"\0\0\xc0\x7f", b"\xff" * 4, b"\0" * 4)
            )
        return _npy(shape, fortran, dtype.str, bytes(rest))
    if kind == 2:
        array = np.frombuffer(bytes(rest), dtype).reshape(shape)
        with np.errstate(all="ignore"):
            array = array.astype(rng.choice(TYPES[:11]))
        return _npy(array.shape, False, array.dtype.str, array.tobytes())
    sizes = list(shape)
    if kind == 3 and sizes:
        sizes[rng.randrange(len(sizes))] = rng.choice(SIZES)
    elif kind == 4:
        sizes.insert(rng.randrange(len(sizes) + 1), rng.choice(SIZES))
    said = rng.choice(SAID) if kind == 5 else dtype.str
    return _npy(tuple(sizes), rng.random() < 0.2, said, bytes(rest))


def _npy(shape: Any, fortran: bool, descr: str, rest: bytes) -> bytes:
    head = repr({"descr": descr, "fortran_order": fortran, "shape": tuple(shape)}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + rest


def mutate_hdf5(data: bytes, rng: Random) -> bytes:
    """Change attributes and datasets with h5py."""
    import h5py

    stream = io.BytesIO(data)
    with h5py.File(stream, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        for _ in range(rng.choice((1, 1, 2))):
            if rng.random() < 0.35:
                _change_attribute(file, rng)
            else:
                _change_dataset(file, rng.choice(names), rng)
    return stream.getvalue()


def _change_attribute(file: Any, rng: Random) -> None:
    import h5py

    texts = (
        "",
        "{",
        "[1]",
        '{"a": 1}',
        '{"a": 1, "a": 2}',
        "[" * 300,
        "null",
        "x" * 99,
        b"\xff",
        "nan",
    )
    values = (True, False, 0, -1, 2**63 - 1, 1.5, np.nan, np.inf, h5py.Empty("f4"), [1, 2], *texts)
    known = [*file.attrs, "scale", "notes", "missing", "weights", "complete", "shard", "dim"]
    name = rng.choice(known)
    if name in file.attrs and rng.random() < 0.2:
        del file.attrs[name]
        return
    value = rng.choice(values)
    file.attrs[name] = np.bytes_(value) if isinstance(value, bytes) else value


def _change_dataset(file: Any, name: str, rng: Random) -> None:
    import h5py

    if name not in file:
        return
    old = file[name]
    kind = rng.randrange(7)
    if isinstance(old, h5py.Group) or kind == 0:
        del file[name]
        if rng.random() < 0.5:
            file.create_group(name)
        return
    values = old[()]
    if kind == 1 and values.size:
        flat = values.reshape(-1).copy()
        if flat.dtype.kind in "fiu":
            limits = (0, 1, -1, 2**31, 2**62, np.nan, np.inf, 7)
            with np.errstate(all="ignore"):
                flat[rng.randrange(flat.size)] = np.array(rng.choice(limits)).astype(flat.dtype)
        else:
            flat[rng.randrange(flat.size)] = rng.choice((b"", b"\xff", b"a", flat[0]))
        values = flat.reshape(values.shape)
    elif kind == 2:
        values = random_array(rng)
    elif kind == 3 and values.ndim:
        values = values[: rng.randrange(len(values) + 1)]
    elif kind == 4:
        values = np.concatenate([values, values]) if values.ndim else values
    del file[name]
    if kind == 5:
        size = rng.choice(((2**40,), (2**62,), (2**31, 16), (1000, 1000)))
        file.create_dataset(name, size, values.dtype, chunks=tuple(64 for _ in size))
    elif kind == 6:
        file.create_dataset(name, data=[b"a", "\u00e9".encode()], dtype=h5py.string_dtype())
    else:
        file.create_dataset(name, data=values)
