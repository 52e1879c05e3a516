"""Reading a feature file: packed HDF5 arrays, one file a dataset, split and encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import group_problems
from vrbench.features.tokens import Tokens

FORMAT = "vrbench-features"
VERSION = 1
ITEM_COLUMNS = ("captions", "video", "sequence", "position", "start", "end", "label")
TOKEN_COLUMNS = ("frame", "level", "words")
SIDES = ("video", "text", "bank/video", "bank/text")


@dataclass(frozen=True, eq=False)
class Features:
    """An open feature file.

    Attributes:
        path: the file.
        attrs: what the file says about itself: dataset, split, encoder, normalized, ...
        video: the gallery of t2v.
        text: the queries of t2v; ``text.video`` is the row of each text's video.
        bank_video: training videos that normalizations may see, or None.
        bank_text: training texts that normalizations may see, or None.
        notes: what a reader should know, such as a torn tail that was cut off.
    """

    path: Path
    attrs: Mapping[str, Any]
    video: Tokens
    text: Tokens
    bank_video: Tokens | None = None
    bank_text: Tokens | None = None
    notes: tuple[str, ...] = ()

    @property
    def text_video(self) -> NDArray[np.int64]:
        """(n_text,) row of each text's video."""
        assert self.text.video is not None  # open() has checked it
        return self.text.video

    def limited(self, videos: NDArray[np.int64]) -> Features:
        """Keep the videos at these rows, with their texts; the bank stays whole."""
        new_row = np.full(len(self.video), -1, dtype=np.int64)
        new_row[videos] = np.arange(len(videos))
        text = self.text.take(np.flatnonzero(new_row[self.text_video] >= 0))
        columns = {**text.item_columns, "video": new_row[text.item_columns["video"]]}
        return replace(
            self, video=self.video.take(videos), text=replace(text, item_columns=columns)
        )

    def sha256(self) -> str:
        """SHA-256 of the file, hexadecimal."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def open_features(path: str | Path) -> Features:
    """Open a feature file; tokens stay on disk until a block of them is read.

    Raises:
        InputError: the file is missing, is no feature file, or an item in it is malformed.
    """
    path = Path(path)
    file = open_hdf5(path)
    for side in ("video", "text"):
        if side not in file:
            raise InputError(f"{path} is not a feature file: it has no group /{side}.")
    present = [side for side in SIDES if side in file]
    for side in present:
        for problem in group_problems(file, side):
            raise InputError(f"{path}: {problem}")
    notes = tuple(note for side in present for note in _torn_tail(file[side], side))
    tokens = {side: _read_side(file, side, path) for side in present}
    return Features(
        path=path,
        attrs=read_attrs(file),
        video=tokens["video"],
        text=tokens["text"],
        bank_video=tokens.get("bank/video"),
        bank_text=tokens.get("bank/text"),
        notes=notes,
    )


def open_hdf5(path: Path, mode: str = "r") -> Any:
    """Open an HDF5 file that is, or is to become, a feature file; returns an ``h5py.File``.

    Raises:
        InputError: it is missing, locked, not HDF5, or of another format or version.
    """
    import h5py

    if mode == "r" and not path.is_file():
        what = "is a folder, not a feature file" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}: give the .h5 that vrbench extract or import wrote.")
    try:
        file = h5py.File(path, mode)
    except OSError as error:
        raise InputError(_why_not_opened(path, error)) from error
    kind = file.attrs.get("format", FORMAT)
    version = file.attrs.get("version", VERSION)
    if kind != FORMAT or version != VERSION:
        file.close()
        raise InputError(
            f"{path} has format '{kind}' version {version}, expected '{FORMAT}' version {VERSION}."
        )
    return file


def read_attrs(file: Any) -> dict[str, Any]:
    """Return the root attributes as plain Python values."""
    return {
        key: value.item() if isinstance(value, np.generic) else value
        for key, value in file.attrs.items()
    }


def _why_not_opened(path: Path, error: OSError) -> str:
    text = str(error)
    if "lock" in text:
        return (
            f"{path} is locked by another process or by a network file system: close it, or set "
            "HDF5_USE_FILE_LOCKING=FALSE."
        )
    if "signature" in text:
        return f"{path} is not an HDF5 file: give the .h5 that vrbench extract or import wrote."
    if "truncated" in text or "eof" in text.lower():
        return f"{path} is truncated or damaged: copy it again or extract it anew."
    return f"{path} cannot be opened: {text.splitlines()[0]}."


def _torn_tail(group: Any, side: str) -> Iterator[str]:
    """Say so when an interrupted write left more tokens or offsets than ids."""
    extra = len(group["offsets"]) - 1 - len(group["ids"])
    rows = len(group["tokens"]) - int(group["offsets"][len(group["ids"])])
    if extra > 0 or rows > 0:
        yield (
            f"/{side} ends in an interrupted write: {max(extra, 1)} unfinished item(s) ignored, "
            f"{len(group['ids'])} whole ones read."
        )


def _read_side(file: Any, side: str, path: Path) -> Tokens:
    group = file[side]
    n = len(group["ids"])
    offsets = group["offsets"][: n + 1].astype(np.int64)
    rows = int(offsets[-1])
    return Tokens(
        ids=strings(group["ids"]),
        tokens=group["tokens"],
        offsets=offsets,
        global_vectors=group.get("global"),
        normalized=bool(file.attrs.get("normalized", True)),
        item_columns={k: _column(group[k], n) for k in ITEM_COLUMNS if k in group},
        token_columns={k: _column(group[k], rows) for k in TOKEN_COLUMNS if k in group},
        name=f"/{side} in {path}",
    )


def _column(dataset: Any, n: int) -> NDArray[Any]:
    values = strings(dataset) if dataset.dtype.kind in "OS" else dataset[:]
    return values[:n]


def strings(dataset: Any) -> NDArray[Any]:
    """Read a dataset of strings (or of numbers, for ids) as an array of str."""
    values = dataset.asstr()[:] if dataset.dtype.kind in "OS" else dataset[:].astype(str)
    return np.asarray(values, dtype=np.dtypes.StringDType())
