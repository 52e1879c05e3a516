"""Changing files at random: bytes, and what JSON, npz, npy, zip and HDF5 files are made of."""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import PurePath
from random import Random
from typing import Any

from fuzz.mutate_arrays import mutate_hdf5, mutate_npy, random_npy

Files = dict[str, bytes]

NUMBERS = (0, 1, -1, 2, 127, 255, 2**15, 2**16, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63)
WORDS = (
    *("0", "-1", "1e999", "nan", "inf", "-inf", "1e-320", "99999999999999999999", "0x10", "1_0"),
    *("\u0661", "\u00b2", "null", "none", "true", "", " ", "\0", "\r", "\n", "\t", ",", '"', "'"),
    *(":", "=", "#", "/", "../x", "\ud800", "\ufeff", "\u202e", "\x1b[31m", "e\u0301", "a" * 300),
    *("{", "[" * 200, '{"a":' * 200, "}", "9" * 5000, "1e308", "\U0001f600", "%s", "{0}", "\\"),
)


def mutate(seed: Mapping[str, bytes], rng: Random) -> Files:
    """Return the files of a seed with one of them changed, or two, or one missing."""
    files = dict(seed)
    for _ in range(1 if rng.random() < 0.9 else 2):
        name = rng.choice(sorted(files))
        if rng.random() < 0.01:
            del files[name]
            return files
        files[name] = change(name, files[name], rng)
    return files


def change(name: str, data: bytes, rng: Random) -> bytes:
    """Return the changed content of a file, mostly still of its kind."""
    by_kind = STRUCTURED.get(PurePath(name).suffix)
    if by_kind is None or rng.random() < 0.25:
        return mutate_bytes(data, rng)
    try:
        return by_kind(data, rng)
    except Exception:  # it was damaged before
        return mutate_bytes(data, rng)


def word(rng: Random) -> bytes:
    return rng.choice(WORDS).encode("utf-8", "surrogatepass")


def mutate_bytes(data: bytes, rng: Random) -> bytes:
    """Change bytes, numbers and stretches, a few at a time."""
    found = bytearray(data)
    for _ in range(1 + int(rng.expovariate(0.7))):
        at = rng.randrange(len(found) + 1)
        length = min(int(rng.expovariate(0.1)) + 1, 4096)
        kind = rng.randrange(9)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(found):
            found[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            found[at:at] = rng.randbytes(length)
        elif kind == 3:
            del found[at : at + length]
        elif kind == 4:
            found[at:at] = found[(start := rng.randrange(len(found) + 1)) : start + length]
        elif kind == 5:
            number = rng.choice(NUMBERS) + rng.choice((0, 0, -1, 1))
            width = rng.choice((1, 2, 4, 8))
            value = number % (1 << (8 * width))
            found[at : at + width] = value.to_bytes(width, rng.choice(("little", "big")))
        elif kind == 6:
            found[at : at + rng.choice((0, 0, 1, length))] = word(rng)
        elif kind == 7 and (places := list(re.finditer(rb"-?\d+", found))):
            place = rng.choice(places)
            found[place.start() : place.end()] = word(rng)
        elif kind == 8 and rng.random() < 0.2:
            del found[at:]
    return bytes(found)


def json_value(rng: Random) -> Any:
    """Return a value of any kind."""
    return rng.choice(
        (
            *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e308),
            *(float("nan"), float("inf"), [], {}, [[]], [{}], {"": None}, "", list(range(50))),
            rng.choice(WORDS),
            rng.choice(WORDS),
            [rng.choice(WORDS)] * rng.choice((1, 2, 3, 300)),
        )
    )


def mutate_json(data: bytes, rng: Random) -> bytes:
    """Change values, keys and items of a JSON text."""
    root = [json.loads(data)]
    for _ in range(1 + int(rng.expovariate(1))):
        places: list[tuple[Any, Any]] = []
        stack: list[Any] = [root]
        while stack:
            one = stack.pop()
            keys = list(one) if isinstance(one, dict) else range(len(one))
            places += [(one, key) for key in keys]
            stack += [one[key] for key in keys if isinstance(one[key], dict | list)]
        if not places:
            break
        holder, key = rng.choice(places)
        _change_part(holder, key, holder[key], rng)
    text = json.dumps(root[0] if root else None)
    if rng.random() < 0.05:  # a key twice
        text = re.sub(r"\{", '{"id": 0, "id": 1, ', text, count=1)
    return text.encode("utf-8", "surrogatepass")


def _change_part(holder: Any, key: Any, value: Any, rng: Random) -> None:
    kind = rng.randrange(7)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = [value]
    elif kind == 2 and isinstance(holder, dict):
        holder[rng.choice(WORDS)] = holder.pop(key)
    elif kind == 3 and isinstance(value, list) and value:
        holder[key] = value * rng.choice((2, 3, 50))
    elif kind == 4 and isinstance(value, int | float):
        holder[key] = rng.choice((-value, value + 1, value * 2, value / 3, str(value)))
    else:
        holder[key] = json_value(rng)


def mutate_zip(data: bytes, rng: Random) -> bytes:
    """Change members and pack them again, with check sums that fit."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    at = rng.randrange(len(members))
    name, content = members[at]
    kind = rng.randrange(10)
    if kind == 0:
        del members[at]
    elif kind == 1:
        members[at] = (rng.choice([n for n, _ in members]), content)
    elif kind == 2:
        members[at] = (rng.choice(WORDS[:-4]).replace("\0", "") or name, content)
    elif kind == 3:
        members.append((name, content))
    elif kind == 4 and name.endswith(".npy"):
        members[at] = (name, random_npy(rng))
    else:
        members[at] = (name, change(name, content, rng))
    packed = io.BytesIO()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(packed, "w", rng.choice(methods)) as archive:
        for name, content in members:
            archive.writestr(name.encode("utf-8", "replace").decode(), content)
    found = packed.getvalue()
    return mutate_bytes(found, rng) if rng.random() < 0.1 else found


def mutate_gzip(data: bytes, rng: Random) -> bytes:
    return gzip.compress(mutate_bytes(gzip.decompress(data), rng), 1)


def mutate_safetensors(data: bytes, rng: Random) -> bytes:
    """Change the JSON at the head, and say how long it now is."""
    (length,) = struct.unpack("<Q", data[:8])
    head = mutate_json(data[8 : 8 + length], rng)
    return struct.pack("<Q", len(head)) + head + data[8 + length :]


STRUCTURED: Mapping[str, Callable[[bytes, Random], bytes]] = {
    ".npz": mutate_zip,
    ".zip": mutate_zip,
    ".pt": mutate_zip,
    ".npy": mutate_npy,
    ".json": mutate_json,
    ".h5": mutate_hdf5,
    ".gz": mutate_gzip,
    ".safetensors": mutate_safetensors,
}
"""Ending of a file's name -> how it is changed."""
