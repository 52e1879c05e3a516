"""Joining the items and the bank queries of similarity files: by name, else by place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.pairing import unnamed, why_by_place
from vrbench.sims.file import SimFile

Index = NDArray[np.int64]


def join_notes(files: Sequence[SimFile], sides: Sequence[str]) -> tuple[str, ...]:
    """Return a note for each file and side that is joined with the first file by place.

    Args:
        files: two or more; with banks of both directions where ``sides`` are theirs.
        sides: of ``text``, ``video``, ``bank_text`` and ``bank_video``.
    """
    found = dict[str, None]()
    for other in files[1:]:
        for side in sides:
            why = why_by_place(_ids(other, side), _ids(files[0], side), side)
            if why is not None:
                found[
                    f"The {_said(side)}s of {files[0].path.name} and {other.path.name} are joined "
                    f"by place, as {why} ({side}_ids)."
                ] = None
    return tuple(found)


def places_of(first: SimFile, file: SimFile, side: str) -> Index:
    """(n,) where the items of the first file stand in another one.

    Args:
        first: whose order is wanted.
        file: the other one.
        side: as for ``join_notes``.

    Raises:
        InputError: the files have different items.
    """
    have, wanted = _ids(file, side), _ids(first, side)
    if why_by_place(have, wanted, side) is None:
        return _by_name(first, file, side)
    if len(have) != len(wanted):
        raise InputError(
            f"{file.path} and {first.path} have {len(have)} and {len(wanted)} {_said(side)}s: fuse "
            "files of the same items."
        )
    return np.arange(len(have))


def _by_name(first: SimFile, file: SimFile, side: str) -> Index:
    row = {str(name): i for i, name in enumerate(_ids(file, side).tolist())}
    names = [str(name) for name in _ids(first, side).tolist()]
    lost = [name for name in names if name not in row]
    more = sorted(set(row) - set(names))
    if lost or more:
        has, name = (first, lost[0]) if lost else (file, more[0])
        raise InputError(
            f"{file.path} and {first.path} have different {_said(side)}s: {len(lost) + len(more)} "
            f"are in one only, such as '{name}' in {has.path}; fuse files of the same items "
            "(--limit-ids cuts them)."
        )
    return np.array([row[name] for name in names], dtype=np.int64)


def _ids(file: SimFile, side: str) -> NDArray[Any]:
    """(n,) ids of a side; those that rows without a name are given where the file has none."""
    if not side.startswith("bank_"):
        return file.text_ids if side == "text" else file.video_ids
    assert file.bank is not None
    n = file.bank.t2v.shape[-2] if side == "bank_text" else file.bank.v2t.shape[-1]
    return np.asarray(file.beside.get(f"{side}_ids", unnamed(side, n)))


def _said(side: str) -> str:
    return side.replace("_", " ")
