"""A tar of webdataset."""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.datasets.record import Record
from vrbench.datasets.table import CAPTION, captions_of
from vrbench.errors import InputError
from vrbench.importing.bytes_ import part_of_bytes
from vrbench.importing.layouts import layouts
from vrbench.importing.tree import Layout, Stored, Tree
from vrbench.runtime.files import listed
from vrbench.runtime.inputs import reading
from vrbench.runtime.json_text import parse_json
from vrbench.runtime.npy import MAGIC, header_of
from vrbench.runtime.numeric_order import numeric_order
from vrbench.runtime.opened import OpenedFile

ARRAYS, TEXTS, OBJECTS = ("npy", "npz", "pt", "pth"), ("txt", "text", "caption"), ("json",)
HEAD = 4096
"""Bytes of a member in which the header of an npy ends."""


class TarFile(OpenedFile):
    """A tar open for reading, of which no more is asked for than there is."""

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes."""
        left = max(self.size - self.tell(), 0)
        return super().read(left if size < 0 else min(size, left)) or b""


@dataclass(frozen=True)
class Member:
    """A file in a tar: ``key.kind.ending``; the key ends at the first dot of its name.

    Attributes:
        key: names the sample.
        kind: what it is of the sample, such as ``text``; often ``""``.
        ending: of the file.
        file: the tar.
        start: byte at which it begins.
        size: bytes of it.
    """

    key: str
    kind: str
    ending: str
    file: TarFile
    start: int
    size: int

    @property
    def where(self) -> str:
        """Its place, for messages."""
        kind = f"{self.kind}." if self.kind else ""
        return f"{self.file.path}: '{self.key}.{kind}{self.ending}'"

    def bytes(self, most: int | None = None) -> bytes:
        """Read it, or its first bytes."""
        data = bytearray(self.size if most is None else min(most, self.size))
        self.file.read_at(self.start, data)
        return bytes(data)


@layouts.register("webdataset")
@dataclass(frozen=True)
class TarLayout(Layout):
    """webdataset, tars: KEY.npy of one side, or KEY.SIDE.npy; captions in KEY.txt, KEY.json."""

    what = "a tar"

    def fits(self, path: Path, start: bytes) -> bool:
        """Whether it has the mark of a tar, or is a folder of such files alone."""
        if path.is_dir():
            files = [file for file in listed(path) if file.is_file()]
            return bool(files) and all(file.suffix == ".tar" for file in files)
        return start[257:262] == b"ustar"

    def read(self, path: Path) -> Tree:
        """Return its arrays, which stay in it until they are used, and its captions."""
        files = numeric_order(listed(path, ".tar")) if path.is_dir() else [path]
        members = [member for file in files for member in _members(file)]
        counted = Counter((member.key, member.kind, member.ending) for member in members)
        for (key, kind, ending), times in counted.most_common(1):
            if times > 1:
                name = ".".join(filter(None, (key, kind, ending)))
                raise InputError(f"{path} holds '{name}' {times} times: keep one of them.")
        arrays = [member for member in members if member.ending in ARRAYS]
        if not arrays:
            raise InputError(f"{path} holds no array: expected KEY.npy, KEY.npz or KEY.pt.")
        return Tree(str(path), _parts(arrays, members, str(path)), self.what)


def _members(path: Path) -> Iterator[Member]:
    file = TarFile(path)
    problem, remedy = "is no readable tar", "copy it again, and unpack what gzip packed"
    with reading(path, remedy, problem), tarfile.open(fileobj=file, mode="r:") as archive:
        for member in archive:
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise InputError(f"{path} holds '{member.name}', which is no plain file.")
            if member.offset_data + member.size > file.size:
                raise InputError(f"{path} is cut off in '{member.name}': copy it again.")
            folder, _, name = member.name.removeprefix("./").rpartition("/")
            key, _, rest = name.partition(".")
            kind, _, ending = rest.rpartition(".")
            if key:
                whole = f"{folder}/{key}" if folder else key
                yield Member(whole, kind, ending.lower(), file, member.offset_data, member.size)
        end = bytearray(tarfile.BLOCKSIZE)
        # the library takes a header that is cut off or damaged for the end
        if file.read_at(archive.offset, end) < len(end) or any(end):
            raise InputError(f"{path} is damaged at byte {archive.offset:,}: copy it again.")


def _parts(arrays: list[Member], members: list[Member], path: str) -> dict[str, Any]:
    """Return items by key, of one side or in a group a side, and captions by key."""
    kinds = {member.kind for member in arrays}
    groups: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
    for member in arrays:
        if member.key in groups[member.kind]:
            raise InputError(f"{member.where} is an item that has another file: keep one of them.")
        groups[member.kind][member.key] = _stored(member)
    texts = _captions(members)
    captions = {"captions": Tree(path, texts, "a tar")} if texts else {}
    if kinds == {""}:
        return {**groups[""], **captions}
    named = {kind or "video": Tree(path, items, "a tar") for kind, items in groups.items()}
    if len(named) < len(kinds):
        raise InputError(f"{path} holds KEY.npy and KEY.video.npy: keep one of them.")
    return {**named, **captions}


def _stored(member: Member) -> Any:
    start = member.bytes(HEAD)
    if not start.startswith(MAGIC):
        part = part_of_bytes(member.bytes(), member.where)
        if isinstance(part, Tree):
            return part
        return Stored(partial(_read, member), (part.shape, part.dtype))
    with reading(member.where):
        header = header_of(io.BytesIO(start), member.size, member.where)
    return Stored(partial(_read, member), (header.shape, header.dtype))


def _read(member: Member) -> NDArray[Any]:
    return np.asarray(part_of_bytes(member.bytes(), member.where))


def _captions(members: list[Member]) -> dict[str, Any]:
    """Return the caption of each key: its text file, or what its JSON file says."""
    texts = {}
    for member in members:
        if member.kind == "" and member.ending in TEXTS:
            with reading(member.where, problem="is no text"):
                texts[member.key] = np.array(member.bytes().decode("utf-8"))
    for member in members:
        if member.kind == "" and member.ending in OBJECTS and member.key not in texts:
            value = parse_json(member.bytes(), member.where)
            if isinstance(value, dict) and value.keys() & {*CAPTION.split("|")}:
                texts[member.key] = np.array(captions_of(Record(value, member.where))[0])
    return texts
