"""Optional arrays of a similarity file, which stand in for what a feature file would say.

* ``captions`` (n_text,), ``scale`` (the encoder's logit scale), ``bank_text_video``
  (n_bank_text,) the bank video of each bank text, ``bank_text_ids`` and ``bank_video_ids`` the
  names of the bank's queries, ``notes`` (n,) sentences that are printed with
  every result on these data, such as what is missing; ``method``, the spec of the alignment that
  made the matrices;
* ``bank_bank_t2v``, ``bank_bank_v2t`` (n_bank_text, n_bank_video): the bank against itself, on
  which parameters are tuned; v2t absent = same as t2v;
* ``text_text`` (n_text, n_text), ``video_video`` (n_video, n_video): similarities within a side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.pairing import owners, shares_names
from vrbench.runtime.inputs import as_text
from vrbench.runtime.npz import open_npz
from vrbench.runtime.opened import OpenedFile
from vrbench.sims.single import is_single

MOST_PAIRS = 10_000_000
"""Pairs up to which ``--save-sim`` scores and writes each of the matrices."""

SMALL = ("captions", "scale", "bank_text_ids", "bank_video_ids", "bank_text_video", "notes")
MATRICES = ("bank_bank_t2v", "bank_bank_v2t", "text_text", "video_video")
"""They are large, and read only when something asks for them."""


def small_beside(path: Path, arrays: Mapping[str, Any], n_text: int) -> dict[str, Any]:
    """Check and return the ``SMALL`` ones of the arrays read from ``path``.

    Raises:
        InputError: one has the wrong type or shape.
    """
    found = {key: as_text(arrays[key], key, path) for key in SMALL if key in arrays}
    captions = found.get("captions")
    if captions is not None and captions.shape != (n_text,):
        raise InputError(f"{path}: captions has shape {captions.shape}, expected ({n_text},).")
    if captions is not None and captions.dtype.kind not in "UT":
        raise InputError(f"{path}: captions holds {captions.dtype}, expected strings.")
    notes = found.get("notes")
    if notes is not None and (notes.ndim != 1 or notes.dtype.kind not in "UT"):
        raise InputError(f"{path}: notes is {notes.dtype} {notes.shape}, expected sentences (n,).")
    return found | _bank(path, arrays, found)


def _bank(path: Path, arrays: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Check what names the bank's queries; texts that name their videos are joined by name."""
    bank = arrays.get("bank_t2v"), arrays.get("bank_v2t")
    n = [None if b is None else b.shape[axis] for b, axis in zip(bank, (-2, -1), strict=True)]
    for side, size in zip(("text", "video"), n, strict=True):
        ids = found.get(f"bank_{side}_ids")
        if ids is not None and not _are_names(ids, size):
            raise InputError(
                f"{path}: bank_{side}_ids is {ids.dtype} {ids.shape}, expected different names, "
                f"({f'n_bank_{side}' if size is None else size},)."
            )
    owner = found.get("bank_text_video")
    texts, videos = found.get("bank_text_ids"), found.get("bank_video_ids")
    if owner is None:
        if texts is None or videos is None or not shares_names(texts, videos):
            return {}
        return {"bank_text_video": owners(texts, videos, str(path))}
    if owner.ndim != 1 or owner.dtype.kind not in "iu" or n[0] not in (None, len(owner)):
        raise InputError(
            f"{path}: bank_text_video is {owner.dtype} {owner.shape}, expected the row of each "
            f"bank text's bank video, whole numbers ({'n_bank_text' if n[0] is None else n[0]},)."
        )
    if len(owner) and (owner.min() < 0 or (n[1] is not None and owner.max() >= n[1])):
        raise InputError(f"{path}: bank_text_video names bank videos that bank_v2t does not have.")
    return {}


def _are_names(ids: NDArray[Any], n: int | None) -> bool:
    """Whether they are different strings or whole numbers, one for each of ``n`` queries."""
    fits = ids.dtype.kind in "UTiu" and ids.ndim == 1 and n in (None, len(ids))
    return fits and len(set(ids.tolist())) == len(ids)


def read_method(opened: OpenedFile) -> str | None:
    """Return the spec of the alignment that made a file's matrices; None where it does not say.

    What other programs keep under this name is not refused.
    """
    if is_single(opened):
        return None
    try:
        with open_npz(opened) as file:
            found = as_text(file["method"], "method", opened.path) if "method" in file else None
    except InputError:
        return None
    return str(found) if found is not None and found.ndim == 0 and found.dtype.kind == "U" else None


def read_beside(opened: OpenedFile, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read these ``MATRICES`` of a similarity file, as far as it has them.

    Raises:
        InputError: one is no matrix of finite numbers.
    """
    path = opened.path
    if is_single(opened):
        return {}
    with open_npz(opened) as file:
        found = {key: file[key] for key in keys if key in file}
    for key, matrix in found.items():
        if matrix.dtype.kind not in "fiu" or matrix.ndim not in (2, 3):
            raise InputError(f"{path}: {key} is {matrix.dtype} {matrix.shape}, expected numbers.")
        if not np.isfinite(matrix).all():
            raise InputError(f"{path}: {key} holds NaN or infinity: every similarity is finite.")
    return found
