"""Writing a feature file so that a crash at any moment loses at most the items being written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.begin import committed, create
from vrbench.features.hdf5 import (
    FORMAT,
    VERSION,
    open_hdf5,
    read_attrs,
    reading,
)
from vrbench.features.repair import repair
from vrbench.features.storage import create_column, put, stored, unlike
from vrbench.features.strings import strings
from vrbench.features.tokens import Tokens

ROOM = 8_000_000
"""Bytes that must stay free on the disk."""
DTYPES = ("float16", "float32", "float64")
FREE = frozenset({"complete", "created_by", "limits", "missing", "notes"})
"""Attributes that may change while a file is carried on."""


class FeatureWriter:
    """Append items to a feature file, or carry on an interrupted one.

    Each append writes tokens and columns, then offsets, then ids, and commits each step: an item
    exists only once its id does, and rows that a crash left behind are cut off when the file is
    opened again. One writer, many readers; no SWMR, default libver. Opening a complete file
    changes no byte of it.

    Args:
        path: the file; created where it is missing or empty.
        attrs: attributes of the file; to carry on, they must have the same values.
        dtype: storage type of tokens and globals: float16, float32 or float64.
        name: the file that will take its place once it is whole, for messages; None: it stays.

    Raises:
        InputError: the file cannot be written, is damaged, is of another program, or was begun
            with other attributes.
    """

    def __init__(
        self,
        path: Path,
        attrs: Mapping[str, Any],
        dtype: str = "float16",
        name: Path | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise InputError(f"Tokens cannot be stored as '{dtype}', only as {', '.join(DTYPES)}.")
        self.path, self.name = path, name or path
        self.dtype = np.dtype(dtype)
        wanted = {"format": FORMAT, "version": VERSION, "dtype": dtype, **attrs}
        new = not path.exists() or path.stat().st_size == 0
        if new:
            create(path, wanted, beside=path == self.name)
        self._disk = committed(path)
        try:
            self._file = open_hdf5(path, self._disk, new=new)
        except BaseException:
            self._disk.close()
            raise
        try:
            with reading(path):
                self._check_attrs(wanted)
                repair(self._file, path)
                self._bare = not len(self._file) and not self._file.attrs.get("complete", True)
        except BaseException:
            self._file.close()
            self._disk.close()
            raise

    def _check_attrs(self, wanted: Mapping[str, Any]) -> None:
        found = read_attrs(self._file)
        if not isinstance(found.get("complete", True), bool):
            raise InputError(
                f"{self.name} has the attribute complete = {found['complete']!r}, expected true or "
                "false: use another --out, or --overwrite."
            )
        for key in {**wanted, **found}.keys() - FREE:
            if found.get(key) != wanted.get(key):
                raise InputError(
                    f"{self.name} was begun with {key} = {found.get(key)!r}, now it is "
                    f"{wanted.get(key)!r}: use the same settings, another --out, or --overwrite."
                )

    def ids(self, side: str) -> list[str]:
        """Return the ids that the side already holds, in order."""
        with reading(self.path):
            return strings(self._file[side]["ids"]).tolist() if side in self._file else []

    def append(self, side: str, items: Tokens) -> None:
        """Append whole items to a side (one of ``hdf5.SIDES``).

        Raises:
            InputError: an item has no tokens, a value does not fit the storage type, the items
                have another width or other columns than those before them, or the disk is full.
        """
        if not items.lengths.all():
            item = items.ids[int(np.argmin(items.lengths))]
            raise InputError(f"Item '{item}' of {items.name} has no tokens: leave it out.")
        per_token, per_item = self._columns(items)
        self._check_room([*per_token.values(), *per_item.values()])
        with self._writing():
            self._mark(complete=False)
            group = self._group(side, {**per_token, **per_item})
            self._append(group, per_token, per_item, items)
            self._bare = False

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"{self.name} cannot be written: {error.strerror or error}."
            ) from error

    def _commit(self) -> None:
        self._file.flush()
        self._disk.commit()

    def _check_room(self, values: Sequence[NDArray[Any]]) -> None:
        """Stop before the disk is full: others write to it too."""
        free = shutil.disk_usage(self.path.parent).free
        if free < ROOM + 2 * sum(value.nbytes for value in values):
            kept = ", what was finished is kept" if self.path == self.name else ""
            raise InputError(
                f"{self.name} cannot be written: its disk is full ({free / 1e6:.1f} MB left); "
                f"make room and run the same command again{kept}."
            )

    def _columns(self, items: Tokens) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the datasets of tokens and of items, vectors in the storage type."""
        owner = items.ids[np.repeat(np.arange(len(items)), items.lengths)]
        tokens = stored(items.tokens, owner, items.name, self.dtype)
        per_item = dict(items.item_columns)
        if items.global_vectors is not None:
            per_item["global"] = stored(items.global_vectors, items.ids, items.name, self.dtype)
        return {"tokens": tokens, **items.token_columns}, per_item

    def _append(
        self,
        group: Any,
        per_token: Mapping[str, Any],
        per_item: Mapping[str, Any],
        items: Tokens,
    ) -> None:
        # places are counted from the ids, so that what a failed append left is overwritten
        n = len(group["ids"])
        rows = int(group["offsets"][n])
        for start, columns in ((rows, per_token), (n, per_item)):
            for name, value in columns.items():
                put(group, name, start, value)
        self._commit()
        put(group, "offsets", n + 1, items.offsets[1:] + rows)
        self._commit()
        put(group, "ids", n, items.ids)
        self._commit()

    def _group(self, side: str, values: Mapping[str, NDArray[Any]]) -> Any:
        """Return the group of a side, created to fit the first items that come."""
        with reading(self.path):
            if side in self._file:
                self._check_columns(side, values)
                return self._file[side]
        group = self._file.create_group(side)
        for name, value in values.items():
            create_column(group, name, value)
        create_column(group, "offsets", np.zeros(0, dtype=np.int64))
        put(group, "offsets", 0, np.zeros(1, dtype=np.int64))
        create_column(group, "ids", np.zeros(0, dtype=object))
        self._commit()
        return group

    def _check_columns(self, side: str, values: Mapping[str, NDArray[Any]]) -> None:
        for held, given in unlike(self._file[side], values):
            raise InputError(
                f"/{side} of {self.name} holds {held}, but now there are {given}: use another "
                "--out, or --overwrite."
            )

    def _mark(self, *, complete: bool) -> None:
        if self._file.attrs.get("complete") != complete:
            self._file.attrs.modify("complete", np.bool_(complete))
            self._commit()

    def finish(self, **attrs: str | None) -> None:
        """Mark the file as complete, with further attributes that are known only now.

        Raises:
            InputError: it could not be written to the disk.
        """
        with self._writing():
            for key, value in attrs.items():
                if value is None:
                    self._file.attrs.pop(key, None)
                elif not np.array_equal(self._file.attrs.get(key), value):
                    self._file.attrs[key] = value
            self._commit()
            self._disk.reach_disk()
            self._mark(complete=True)
            self._bare = False

    def close(self) -> None:
        """Close the file; what was appended is kept. One begun without any item is removed.

        Raises:
            InputError: it could not be written to the disk.
        """
        if not self._file:
            return
        self._file.close()
        with self._writing():
            try:
                if self._bare:
                    self.path.unlink(missing_ok=True)  # while it is locked: nobody has begun it
                elif not self._disk.failed:
                    self._disk.commit()
                    self._disk.reach_disk()
            finally:
                self._disk.close()

    def __enter__(self) -> FeatureWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
