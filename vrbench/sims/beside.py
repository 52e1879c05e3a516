"""What a similarity file may hold beside its similarities: all that features could still tell.

* ``captions`` (n_text,), ``scale`` (the encoder's logit scale), ``bank_text_video``
  (n_bank_text,) the bank video of each bank text, ``notes`` (n,) sentences that a reader of any
  number on these data must know, such as what is missing;
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
from vrbench.inputs import UNREADABLE, array_in, as_text
from vrbench.opened import OpenedFile

MOST_PAIRS = 10_000_000
"""Pairs up to which ``--save-sim`` scores and writes each of the matrices."""

SMALL = ("captions", "scale", "bank_text_video", "notes")
MATRICES = ("bank_bank_t2v", "bank_bank_v2t", "text_text", "video_video")
"""They are large, and read only when something asks for them."""


def small_beside(path: Path, arrays: Mapping[str, Any], n_text: int) -> dict[str, Any]:
    """Check and return the ``SMALL`` ones of the arrays read from ``path``.

    Raises:
        InputError: one has the wrong type or shape.
    """
    found = {key: as_text(arrays[key], key, path) for key in SMALL if key in arrays}
    captions, owner = found.get("captions"), found.get("bank_text_video")
    if captions is not None and captions.shape != (n_text,):
        raise InputError(f"{path}: captions has shape {captions.shape}, expected ({n_text},).")
    if captions is not None and captions.dtype.kind not in "UT":
        raise InputError(f"{path}: captions holds {captions.dtype}, expected strings.")
    notes = found.get("notes")
    if notes is not None and (notes.ndim != 1 or notes.dtype.kind not in "UT"):
        raise InputError(f"{path}: notes is {notes.dtype} {notes.shape}, expected sentences (n,).")
    if owner is None:
        return found
    bank = arrays.get("bank_t2v"), arrays.get("bank_v2t")
    n = [None if b is None else b.shape[axis] for b, axis in zip(bank, (-2, -1), strict=True)]
    if owner.ndim != 1 or owner.dtype.kind not in "iu" or n[0] not in (None, len(owner)):
        raise InputError(
            f"{path}: bank_text_video is {owner.dtype} {owner.shape}, expected the row of each "
            f"bank text's bank video, whole numbers ({'n_bank_text' if n[0] is None else n[0]},)."
        )
    if len(owner) and (owner.min() < 0 or (n[1] is not None and owner.max() >= n[1])):
        raise InputError(f"{path}: bank_text_video names bank videos that bank_v2t does not have.")
    return found


def read_beside(opened: OpenedFile, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read these ``MATRICES`` of a similarity file, as far as it has them.

    Raises:
        InputError: one is no matrix of finite numbers.
    """
    path = opened.path
    opened.seek(0)
    try:
        with np.load(opened, allow_pickle=False) as file:
            found = {key: array_in(file, key, path) for key in keys if key in file.files}
    except InputError:
        raise
    except UNREADABLE as error:
        raise InputError(f"{path} cannot be read whole: write it again with np.savez.") from error
    for key, matrix in found.items():
        if matrix.dtype.kind not in "fiu" or matrix.ndim not in (2, 3):
            raise InputError(f"{path}: {key} is {matrix.dtype} {matrix.shape}, expected numbers.")
        if not np.isfinite(matrix).all():
            raise InputError(f"{path}: {key} holds NaN or infinity: every similarity is finite.")
    return found
