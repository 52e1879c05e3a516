"""Writing a feature file so that a crash at any moment loses at most the item being written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.file import FORMAT, VERSION, open_hdf5, read_attrs, strings
from vrbench.features.tokens import Tokens

CHUNK = 512
"""Rows a chunk of the packed arrays."""


class FeatureWriter:
    """Append items to a feature file, or carry on an interrupted one.

    Each append writes tokens and columns, then offsets, then ids, with a flush after each step: an
    item exists only once its id does, and what a crash left behind is cut off when the file is
    opened again. One writer, many readers; no SWMR, default libver (HDF5 does not order writes).

    Args:
        path: the file; created where it is missing.
        attrs: what the file says about itself. Carrying on needs the same values.
        dtype: storage type of tokens and globals: float16, float32 or float64.

    Raises:
        InputError: the file cannot be written, or was begun with other attributes.
    """

    def __init__(self, path: Path, attrs: Mapping[str, Any], dtype: str = "float16") -> None:
        self.path = path
        self.dtype = np.dtype(dtype)
        self._file = open_hdf5(path, "a") if path.exists() else _create(path)
        try:
            self._begin(attrs)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, attrs: Mapping[str, Any]) -> None:
        wanted = {"format": FORMAT, "version": VERSION, "dtype": self.dtype.name, **attrs}
        found = read_attrs(self._file)
        for key, value in wanted.items():
            if found and key != "created_by" and found.get(key) != value:
                raise InputError(
                    f"{self.path} was begun with {key} = {found.get(key)!r}, now it is {value!r}: "
                    "use the same settings, another --out, or --overwrite."
                )
        if not found:
            self._file.attrs.update(wanted)
        self._file.attrs["complete"] = False
        for side in ("video", "text", "bank/video", "bank/text"):
            if side in self._file and "ids" not in self._file[side]:
                del self._file[side]
            elif side in self._file:
                _cut_torn_tail(self._file[side])
        self._file.flush()

    def ids(self, side: str) -> list[str]:
        """Return the ids that the side already holds, in order."""
        return strings(self._file[side]["ids"]).tolist() if side in self._file else []

    def append(self, side: str, items: Tokens) -> None:
        """Append whole items to a side ("video", "text", "bank/video" or "bank/text").

        Raises:
            InputError: a value does not fit the storage type, or the disk is full.
        """
        try:
            self._append(self._group(side, items), items)
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error}.") from error

    def _append(self, group: Any, items: Tokens) -> None:
        rows = len(group["tokens"])
        values = {"tokens": self._stored(items.tokens, items), **items.token_columns}
        if items.global_vectors is not None:
            values["global"] = self._stored(items.global_vectors, items)
        for name, value in (values | dict(items.item_columns)).items():
            _extend(group[name], value)
        self._file.flush()
        _extend(group["offsets"], items.offsets[1:] + rows)
        self._file.flush()
        _extend(group["ids"], items.ids)
        self._file.flush()

    def _stored(self, values: Any, items: Tokens) -> NDArray[Any]:
        with np.errstate(over="ignore"):
            stored = np.asarray(values[:]).astype(self.dtype)
        if not np.isfinite(stored).all():
            first = values[int(np.argmax(~np.isfinite(stored).all(axis=1)))]
            what = "NaN" if np.isnan(first).any() else f"{np.abs(first).max():.6g}"
            raise InputError(
                f"{items.name} holds {what}, which {self.dtype.name} cannot store: check the "
                "encoder, or use a wider --dtype."
            )
        return stored

    def _group(self, side: str, items: Tokens) -> Any:
        """Return the group of a side, created to fit the first items that come."""
        if side in self._file:
            return self._file[side]
        group = self._file.create_group(side)
        _create_dataset(group, "tokens", self.dtype, items.dim)
        if items.global_vectors is not None:
            _create_dataset(group, "global", self.dtype, items.dim)
        for name, value in {**items.token_columns, **items.item_columns}.items():
            _create_dataset(group, name, value.dtype)
        _create_dataset(group, "offsets", np.dtype(np.int64))
        _extend(group["offsets"], np.zeros(1, dtype=np.int64))
        _create_dataset(group, "ids", np.dtype(object))
        self._file.flush()
        return group

    def finish(self) -> None:
        """Mark the file as complete."""
        self._file.attrs["complete"] = True

    def close(self) -> None:
        """Close the file; what was appended is kept, complete or not."""
        self._file.close()

    def __enter__(self) -> FeatureWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _create(path: Path) -> Any:
    import h5py

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return h5py.File(path, "w")
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise InputError(f"{path} cannot be created: {reason}.") from error


def _create_dataset(group: Any, name: str, dtype: np.dtype[Any], width: int = 0) -> None:
    import h5py

    shape = (0, width) if width else (0,)
    kind = dtype if dtype.kind in "iufb" else h5py.string_dtype()
    chunk = (CHUNK, width) if width else (CHUNK,)
    group.create_dataset(name, shape, kind, maxshape=(None, *shape[1:]), chunks=chunk)


def _extend(dataset: Any, values: NDArray[Any]) -> None:
    start = len(dataset)
    dataset.resize(start + len(values), axis=0)
    dataset[start:] = values if values.dtype.kind in "iufb" else values.astype(object)


def _cut_torn_tail(group: Any) -> None:
    """Drop what belongs to items whose id was never written."""
    n = len(group["ids"])
    rows = int(group["offsets"][n]) if len(group["offsets"]) > n else 0
    per_token = {"tokens", "frame", "level", "words"}
    for name, dataset in group.items():
        keep = rows if name in per_token else n + 1 if name == "offsets" else n
        dataset.resize(keep, axis=0)
