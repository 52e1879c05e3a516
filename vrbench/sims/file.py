"""Similarity files: npz, every matrix texts x videos whatever the direction."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.runtime.files import replacing
from vrbench.runtime.memory import check_fits, spare
from vrbench.runtime.npz import Npz, open_npz
from vrbench.runtime.opened import OpenedFile
from vrbench.sims.beside import SMALL, small_beside
from vrbench.sims.judged import JUDGED, arrays_of
from vrbench.sims.names import SEQUENCES, read_ids, read_norm, read_sequences, read_truth
from vrbench.sims.sim import Sim, as_matrix, is_finite
from vrbench.sims.single import is_single, read_single
from vrbench.sims.stored import StoredMatrix, in_npz, loaded_bytes, spool
from vrbench.sims.truth import Truth
from vrbench.sims.writing import write_npz

KEYS = (
    *("t2v", "v2t", "norm", "raw_t2v", "raw_v2t", "text_video", "positives"),
    *("bank_t2v", "bank_v2t", "text_ids", "video_ids"),
    *SMALL,
    *JUDGED,
)
LARGE = 50_000_000
"""Size from which a bank is left on disk and read in blocks."""


@dataclass(frozen=True, eq=False)
class SimFile:
    """A similarity file.

    Attributes:
        opened: the file, open: what is not in memory is read from it later.
        sim: the matrices as stored; a leading axis holds alignment levels.
        raw: the matrices before normalization; the same where ``norm`` is ``none``; None where
            they were normalized and not kept.
        norm: the spec that made ``sim``.
        truth: the positive pairs.
        bank: t2v (n_bank_text, n_video), v2t (n_text, n_bank_video), either may be None; or None.
        text_ids: (n_text,).
        video_ids: (n_video,).
        sequences: those of ``SEQUENCES`` that the file has.
        beside: ``captions``, ``scale``, ``bank_text_video``, as far as the file has them.
        texts: which rows of the file are left; None: all.
        videos: which columns are left; None: all.
    """

    opened: OpenedFile
    sim: Sim
    raw: Sim | None
    norm: str
    truth: Truth
    bank: Sim | None
    text_ids: NDArray[Any]
    video_ids: NDArray[Any]
    sequences: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)
    texts: NDArray[np.int64] | None = None
    videos: NDArray[np.int64] | None = None

    @property
    def path(self) -> Path:
        """Its path when it was opened."""
        return self.opened.path

    def sha256(self) -> str:
        """SHA-256 of the file, hexadecimal.

        Raises:
            InputError: the file was written to since it was opened.
        """
        return self.opened.sha256


def load_sim(path: str | Path) -> SimFile:
    """Read a similarity file.

    Raises:
        InputError: the file or a matrix in it is missing, malformed or of the wrong shape.
    """
    path = Path(path)
    opened = _open(path)
    arrays = _read(opened)
    shape = arrays["t2v"].shape
    for name in ("v2t", "raw_t2v", "raw_v2t"):
        if name in arrays and arrays[name].shape[-2:] != shape[-2:]:
            raise InputError(f"{path}: {name} has shape {arrays[name].shape}, t2v {shape}.")
    _check_turned(path, arrays)
    _check_bank(path, arrays, shape)
    text_ids = read_ids(path, arrays, "text", shape[-2])
    video_ids = read_ids(path, arrays, "video", shape[-1])
    sim = Sim(arrays["t2v"], arrays.get("v2t", arrays["t2v"]))
    raw = None
    norm = read_norm(path, arrays)
    if "raw_t2v" in arrays:
        raw = Sim(arrays["raw_t2v"], arrays.get("raw_v2t", arrays["raw_t2v"]))
    elif norm == "none":
        raw = sim
    bank = Sim(arrays.get("bank_t2v"), arrays.get("bank_v2t"))
    return SimFile(
        opened=opened,
        sim=sim,
        raw=raw,
        norm=norm,
        truth=read_truth(path, arrays, (text_ids, video_ids)),
        bank=None if bank.t2v is None and bank.v2t is None else bank,
        text_ids=text_ids,
        video_ids=video_ids,
        sequences=read_sequences(path, arrays),
        beside=small_beside(path, arrays, shape[-2]),
    )


def save_sim(
    path: Path,
    sim: Sim,
    norm: str,
    raw: Sim,
    truth: Truth,
    bank: Sim | None,
    beside: Mapping[str, Any],
) -> None:
    """Write a similarity file that ``load_sim`` reads back bit for bit.

    Raises:
        InputError: the file cannot be written.
    """
    arrays: dict[str, Any] = {"t2v": sim.t2v, "v2t": sim.v2t, "norm": norm}
    if norm != "none":
        arrays |= {"raw_t2v": raw.t2v, "raw_v2t": raw.v2t}
    if bank is not None:
        arrays |= {"bank_t2v": bank.t2v, "bank_v2t": bank.v2t}
    arrays |= {**arrays_of(truth), **beside}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        write_npz(stream, {key: value for key, value in arrays.items() if value is not None})


def _open(path: Path) -> OpenedFile:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(
            f"{path} {what}: give an npz with a matrix t2v (texts x videos), or one matrix."
        )
    try:
        return OpenedFile(path)
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}.") from error


def _read(opened: OpenedFile) -> dict[str, Any]:
    path = opened.path
    if is_single(opened):
        single = read_single(opened, spare(sys.maxsize))
        return {key: _matrix(path, key, value) for key, value in single.items()}
    with open_npz(opened) as file:
        names = file.names
        found = [key for key in names if key in (*KEYS, *SEQUENCES)]
        large = {key: _on_disk(file, key) for key in found if key in ("bank_t2v", "bank_v2t")}
        held = [key for key in found if large.get(key) is None]
        size, room = loaded_bytes(file, held), spare(sys.maxsize)
        arrays = {key: file[key] for key in held if size <= room}
    check_fits(size, room)
    if "t2v" not in names:
        hint = did_you_mean("t2v", names) or f" It has: {', '.join(sorted(names)) or 'nothing'}."
        raise InputError(f"{path} has no matrix 't2v' (texts x videos).{hint}")
    checked = {key: _matrix(path, key, value) for key, value in arrays.items()}
    return checked | {key: value for key, value in large.items() if value is not None}


def _on_disk(file: Npz, key: str) -> Any:
    """Return a bank that can stay on disk; None where it has to be loaded."""
    stored = in_npz(file, key)
    if stored is None or stored.rows * stored.columns * stored.dtype.itemsize <= LARGE:
        return None
    if stored.transposed == (key == "bank_v2t"):
        return stored
    # its queries are columns of the file: turn it around once, so that they can be read
    return _turned(stored.T) if stored.transposed else _turned(stored).T


def _turned(stored: StoredMatrix) -> StoredMatrix:
    """Return the transpose, row after row in a temporary file."""
    step = max(1, LARGE // (stored.rows * stored.dtype.itemsize))
    return spool(
        np.concatenate([stored[rows][:, first : first + step].copy() for rows in _runs(stored)]).T
        for first in range(0, stored.columns, step)
    )


def _runs(stored: StoredMatrix) -> Iterator[slice]:
    step = max(1, LARGE // (stored.columns * stored.dtype.itemsize))
    return (slice(first, first + step) for first in range(0, stored.rows, step))


def _matrix(path: Path, key: str, value: NDArray[Any]) -> NDArray[Any]:
    """Check a similarity matrix, (levels,) texts x videos; other arrays as they are."""
    if not key.endswith(("t2v", "v2t")):
        return value
    if value.dtype.kind not in "fiu" or value.ndim not in (2, 3) or 0 in value.shape:
        none = ", none of them 0" if 0 in value.shape else ""
        raise InputError(
            f"{path}: {key} is {value.dtype} {value.shape}, expected numbers (texts, videos){none}."
        )
    if not is_finite(value):
        where = tuple(np.argwhere(~np.isfinite(value))[0])
        raise InputError(
            f"{path}: {key} of text {where[-2]} and video {where[-1]} is {value[where]}: every "
            "similarity must be finite."
        )
    return as_matrix(value)


def _check_turned(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a v2t that is t2v with videos as rows; of a square one the shape does not tell."""
    for name in ("v2t", "raw_v2t"):
        given, t2v = arrays.get(name), arrays.get(name.replace("v2t", "t2v"))
        if given is None or t2v is None or given.shape != t2v.shape:
            continue
        turned = np.swapaxes(t2v, -1, -2)
        if np.array_equal(given, turned) and not np.array_equal(given, t2v):
            raise InputError(
                f"{path}: {name} is {name.replace('v2t', 't2v')} transposed, videos x texts: "
                "every matrix is texts x videos, whatever the direction; leave it out."
            )


def _check_bank(path: Path, arrays: dict[str, NDArray[Any]], shape: tuple[int, ...]) -> None:
    for name, axis, expected in (
        ("bank_t2v", -1, f"(bank texts, {shape[-1]})"),
        ("bank_v2t", -2, f"({shape[-2]}, bank videos)"),
    ):
        if name in arrays and arrays[name].shape[axis] != shape[axis]:
            raise InputError(
                f"{path}: {name} has shape {arrays[name].shape}, expected {expected}: every "
                "matrix is texts x videos."
            )
