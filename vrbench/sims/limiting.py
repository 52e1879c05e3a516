"""Some videos of a similarity file, with their texts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.pairing import same_names
from vrbench.runtime.memory import check_fits, spare
from vrbench.sims.beside import read_beside
from vrbench.sims.file import SimFile
from vrbench.sims.sim import Rows, Sim
from vrbench.sims.stored import StoredMatrix, spool
from vrbench.sims.truth import Truth

Index = NDArray[np.int64]


def limit_sims(file: SimFile, videos: Index) -> SimFile:
    """Keep these columns, and the rows whose positive is one of them; the bank keeps its queries.

    Args:
        file: the whole similarity file.
        videos: (n,) ascending columns.

    Raises:
        InputError: the whole and what is left of it are more than memory may hold at once.
    """
    truth = file.truth
    known = np.isin(truth.video, videos)
    texts = np.unique(truth.text[known])
    text, video = (
        np.searchsorted(kept, pairs[known])
        for kept, pairs in ((texts, truth.text), (videos, truth.video))
    )
    once = len(texts) * len(videos) * file.sim.t2v.itemsize
    whole = {id(m): m for s in (file.sim, file.raw) if s is not None for m in (s.t2v, s.v2t)}
    levels = sum(m.size // (m.shape[-1] * m.shape[-2]) for m in whole.values())
    check_fits(once * levels, spare(sys.maxsize))
    sim = _cut(file.sim, texts, videos)
    bank = file.bank and Sim(_columns(file.bank.t2v, videos), _rows(file.bank.v2t, texts))
    sides = {"text_sequence": texts, "video_sequence": videos}
    return replace(
        file,
        sim=sim,
        raw=sim if file.raw is file.sim else file.raw and _cut(file.raw, texts, videos),
        truth=Truth(
            text,
            video,
            len(texts),
            len(videos),
            None if truth.gain is None else truth.gain[known],
            None if truth.candidates is None else cut(truth.candidates, texts, videos),
        ),
        bank=bank,
        text_ids=file.text_ids[texts],
        video_ids=file.video_ids[videos],
        sequences={key: v[sides[key]] if key in sides else v for key, v in file.sequences.items()},
        beside={k: v[texts] if k == "captions" else v for k, v in file.beside.items()},
        texts=texts,
        videos=videos,
    )


def bank_for(file: SimFile, texts: NDArray[Any], videos: NDArray[Any]) -> Sim | None:
    """Return the bank of a similarity file with its gallery in the order of another one, by name.

    Where a side of either has no names, its rows or columns stay in their places.

    Args:
        file: the file with the bank.
        texts: (n_text,) ids of the other gallery of v2t.
        videos: (n_video,) ids of the other gallery of t2v.

    Raises:
        InputError: the bank lacks an item of the gallery.
    """
    if file.bank is None:
        return None
    rows = _places(file, file.text_ids, texts, "text")
    columns = _places(file, file.video_ids, videos, "video")
    t2v = file.bank.t2v if columns is None else _columns(file.bank.t2v, columns)
    return Sim(t2v, file.bank.v2t if rows is None else _rows(file.bank.v2t, rows))


def _places(file: SimFile, have: NDArray[Any], wanted: NDArray[Any], side: str) -> Index | None:
    """(n,) where the wanted items stand in the file; None where they need not be looked for."""
    if np.array_equal(have, wanted) or not same_names(have, wanted, side):
        return None
    row = {str(name): i for i, name in enumerate(have.tolist())}
    lost = [str(name) for name in wanted.tolist() if str(name) not in row]
    if lost:
        raise InputError(
            f"The bank of {file.path} was not scored against {len(lost)} of {len(wanted)} "
            f"{side}s of the test set, the first is '{lost[0]}': score it against all of them."
        )
    return np.array([row[str(name)] for name in wanted.tolist()], dtype=np.int64)


def matrices(file: SimFile, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read these of ``MATRICES``, as far as the file has them, cut to the items that are left.

    Raises:
        InputError: one is no matrix of finite numbers.
    """
    found = read_beside(file.opened, keys)
    for key, kept in (("text_text", file.texts), ("video_video", file.videos)):
        if key in found and kept is not None:
            found[key] = found[key][np.ix_(kept, kept)]
    return found


def _cut(sim: Sim, texts: Index, videos: Index) -> Sim:
    t2v = cut(sim.t2v, texts, videos)
    return Sim(t2v, t2v if sim.v2t is sim.t2v else cut(sim.v2t, texts, videos))


def cut(matrix: NDArray[Any], texts: Index, videos: Index) -> NDArray[Any]:
    """Return these rows and columns, of each level."""
    return np.asarray(matrix[..., texts[:, None], videos])


def _columns(matrix: Any, columns: Index) -> Any:
    if matrix is None:
        return None
    if isinstance(matrix, StoredMatrix):
        return spool(block[:, columns] for block in Rows(matrix))  # type: ignore[arg-type]
    return matrix[..., columns]


def _rows(matrix: Any, rows: Index) -> Any:
    if isinstance(matrix, StoredMatrix):
        return _columns(matrix.T, rows).T
    return None if matrix is None else matrix[..., rows, :]
