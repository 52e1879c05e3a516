"""TREC run and qrels files, so that other evaluation tools can check the metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.runtime.files import replacing
from vrbench.runtime.printable import one_line
from vrbench.sims.sim import DIRECTIONS, Direction, Sim, as_matrix
from vrbench.sims.truth import Queries, Truth, queries_of

DEPTH = 100
"""Items of a query that a run lists, at least."""


def write_runs(
    prefix: Path,
    sim: Sim,
    truth: Truth,
    text_ids: NDArray[Any],
    video_ids: NDArray[Any],
    depth: int = DEPTH,
) -> list[Path]:
    """Write ``PREFIX.t2v.run``, ``PREFIX.t2v.qrels`` and the same for v2t.

    A run has one line for each item, ``query Q0 item rank score vrbench``, and ``depth`` items for
    each query. Equal scores stand in the order of the gallery; other tools may order them
    otherwise. Scores have all their digits, though trec_eval reads them in single precision. The
    v2t protocol is ``best-caption``. R@K is the tools' Success@K; their R@K is the recall as a
    fraction.

    Args:
        prefix: of the four files.
        sim: (n_text, n_video) matrices.
        truth: the positive pairs.
        text_ids: (n_text,).
        video_ids: (n_video,).
        depth: items listed for each query.

    Raises:
        InputError: an id is empty or holds white space or control characters, which the format does
            not allow.
    """
    for name in (*text_ids, *video_ids):
        if len(str(name).split()) != 1 or one_line(str(name)) != str(name).strip():
            raise InputError(
                f"The id '{name}' cannot stand in a TREC file: ids must be without white space and "
                "control characters."
            )
    written = []
    for direction in DIRECTIONS:
        queries = queries_of(as_matrix(getattr(sim, direction)), truth, direction)
        sides = (text_ids, video_ids) if direction == "t2v" else (video_ids, text_ids)
        paths = run_files(prefix, (direction,))
        for path, write in zip(paths, (_write_run, _write_qrels), strict=True):
            with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
                stream.writelines(write(queries, *sides, depth))
        written += paths
    return written


def run_files(prefix: Path, directions: Sequence[Direction] = DIRECTIONS) -> list[Path]:
    """Return the files that ``write_runs`` writes, run and qrels of each direction."""
    return [Path(f"{prefix}.{d}.{kind}") for d in directions for kind in ("run", "qrels")]


def _write_run(
    queries: Queries, names: NDArray[Any], items: NDArray[Any], depth: int
) -> Iterator[str]:
    has_positive = queries.has_positive
    for part in queries.rows.slices():
        for query, row in enumerate(queries.rows.block(part), part.start):
            if not has_positive[query]:
                continue
            for rank, item in enumerate(best(row, depth), 1):
                yield f"{names[query]} Q0 {items[item]} {rank} {float(row[item])!r} vrbench\n"


def _write_qrels(
    queries: Queries, names: NDArray[Any], items: NDArray[Any], depth: int
) -> Iterator[str]:
    for query, item in zip(queries.query, queries.item, strict=True):
        yield f"{names[query]} 0 {items[item]} 1\n"


def best(row: NDArray[Any], k: int) -> NDArray[np.int64]:
    """(min(k, m),) places of the k greatest of (m,) values, greatest first, equal ones in order."""
    k = min(k, len(row))
    least = np.partition(row, -k)[-k]
    inside = np.flatnonzero(row >= least)
    return inside[np.argsort(-row[inside], kind="stable")][:k]
