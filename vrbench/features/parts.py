"""The parts of a sharded set: files in the folder of a whole, which holds no tokens itself.

A whole, ``all.h5``, has the group ``/parts``: ``file`` (k,), the names of its parts, and ``sha256``
(k,), ``part_digest`` of each. ``/X/ids``, ``/X/offsets`` and ``/X/video`` are its own; all else is
virtual, made of the same dataset of each part. HDF5 reads a part that is missing as zeros, and
would open any file: so the parts are opened and read here, as every other feature file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.features.guarded import GuardedFile
from vrbench.features.hdf5 import SIDES, all_hdf5_of, open_guarded, reading
from vrbench.features.joined import Joined
from vrbench.features.part_names import PARTS, part_names
from vrbench.features.strings import is_text, strings
from vrbench.features.virtual import is_virtual, pieces_of

ENDS = ("tokens", "global")
"""Datasets of which a digest holds the first and the last row."""


class Parts:
    """The open parts of a feature file; most files have none.

    Args:
        file: the open ``h5py.File``.
        guarded: the guarded file that ``file`` reads through.

    Raises:
        InputError: a part is missing, no file in the folder of the whole, damaged, of another
            length than declared, or not the one that the whole was made of.
    """

    def __init__(self, file: Any, guarded: GuardedFile) -> None:
        self._whole = guarded
        self._opened: list[GuardedFile] = []
        self._files: dict[str, Any] = {}
        names = part_names(file, guarded.path)
        with ExitStack() as opened:
            for name in names:
                one = open_guarded(_place(guarded.path, name))
                self._opened.append(opened.enter_context(one))
            for name, one in zip(names, all_hdf5_of(self._opened), strict=True):
                self._files[name] = opened.enter_context(one)
            if names:
                self._check(strings(file[PARTS]["sha256"]).tolist())
            self._close = opened.pop_all().close

    def _check(self, digests: Sequence[str]) -> None:
        for (name, file), digest in zip(self._files.items(), digests, strict=True):
            with reading(self._whole.path.parent / name):
                found = part_digest({side: file[side] for side in SIDES if side in file})
            if found != digest:
                raise self._other(name, "is not the file that the whole was made of")

    def _other(self, name: str, why: str) -> InputError:
        path = self._whole.path
        return InputError(
            f"{path}: its part {name} {why}: put the right one there, or run vrbench join "
            f"{path.parent}."
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts, in the order of their items."""
        return tuple(self._files)

    @property
    def size(self) -> int:
        """Bytes of the whole and its parts."""
        return sum(one.size for one in (self._whole, *self._opened))

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, hexadecimal; of a whole that of the lines of all SHA-256.

        It is what ``sha256sum all.h5 part-*.h5 | cut -c1-64 | sha256sum`` prints.

        Raises:
            InputError: a file was written to since it was opened.
        """
        if not self._opened:
            return self._whole.sha256
        lines = [f"{one.sha256}\n" for one in (self._whole, *self._opened)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def fill(self, sides: Mapping[str, Any]) -> dict[str, Any]:
        """Return sides, each as name -> dataset, with what lies in parts as ``Joined``.

        Raises:
            InputError: a part is of another length, width or type than declared.
        """
        if not self._files:
            return dict(sides)
        return {
            side: {name: self._filled(dataset) for name, dataset in group.items()}
            if isinstance(group, Mapping)
            else group
            for side, group in sides.items()
        }

    def _filled(self, dataset: Any) -> Any:
        import h5py

        if not isinstance(dataset, h5py.Dataset) or not is_virtual(dataset):
            return dataset
        found = []
        for piece in pieces_of(dataset) or ():
            part = self._files[piece.file].get(piece.dataset)
            there = part.shape if isinstance(part, h5py.Dataset) else None
            declared = (piece.rows, *dataset.shape[1:])
            if there != declared:
                said = f"has shape {there} in {piece.dataset}, declared is {declared}"
                raise self._other(piece.file, said)
            if part.dtype != dataset.dtype and not (is_text(part) and is_text(dataset)):
                said = f"holds {part.dtype} in {piece.dataset}, declared is {dataset.dtype}"
                raise self._other(piece.file, said)
            found.append(part)
        return Joined(found, dataset.dtype)

    def close(self) -> None:
        """Close the parts."""
        self._close()

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _place(whole: Path, name: str) -> Path:
    """Return the path of a part.

    Raises:
        InputError: it is missing, or a link out of the folder.
    """
    folder = whole.resolve().parent
    path = folder / name
    if not path.is_file():
        raise InputError(
            f"{whole}: its part {name} is missing in {folder}: put it back there. Where the set "
            "has other parts by now, run vrbench join."
        )
    if path.resolve().parent != folder:
        raise InputError(
            f"{whole}: its part {name} is a link out of its folder, which is not followed: put the "
            "file itself there."
        )
    return path


def part_digest(sides: Mapping[str, Any]) -> str:
    """SHA-256, hexadecimal, of what tells a part from others without reading its tokens.

    It holds the names, types and shapes of all datasets, all of ids, offsets and video, and the
    first and the last row of tokens and global.

    Args:
        sides: name -> group.
    """
    import h5py

    found = hashlib.sha256()
    for side, group in sides.items():
        for name in sorted(group) if isinstance(group, Mapping) else ():
            dataset = group[name]
            if not isinstance(dataset, h5py.Dataset):
                continue
            found.update(f"/{side}/{name} {dataset.dtype.str}{dataset.shape};".encode())
            if not dataset.shape:
                continue
            if name == "ids":
                found.update("\0".join(strings(dataset).tolist()).encode())
            elif name in ("offsets", "video"):
                found.update(dataset[:].tobytes())
            elif name in ENDS:
                found.update(dataset[:1].tobytes() + dataset[-1:].tobytes())
    return found.hexdigest()
