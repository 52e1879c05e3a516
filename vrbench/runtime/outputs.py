"""Checks, before the work, of the files that a command is to write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from vrbench.errors import InputError
from vrbench.runtime.files import check_place

Kind = Literal[
    "TREC qrels",
    "TREC run",
    "epochs CSV",
    "head",
    "html",
    "model-index",
    "mteb",
    "projection",
    "ranks",
    "results CSV",
    "similarity",
]

_KINDS: dict[Kind, tuple[bytes, str]] = {
    "TREC qrels": (rb"\S+ 0 \S+ 1\n", ""),
    "TREC run": (rb"\S+ Q0 \S+ 1 \S+ vrbench\n", ""),
    "epochs CSV": (rb"epoch,loss\b", ""),
    "head": (rb'.{8}\{"__metadata__":\{"vrbench":', ""),
    "html": (rb"<!doctype html>", ""),
    "model-index": (rb'model-index:\n  - name: "', ""),
    "mteb": (rb'(\[\s+)?\{\s+"task_name": ', ""),
    "projection": (rb"PK", "video_matrix"),
    "ranks": (rb"PAR1.*(vrbench|direction.*query.*rank)", ""),
    "results CSV": (rb"dataset,split,encoder,method,norm,sequence,", ""),
    "similarity": (rb"PK", "t2v"),
}
"""What a file of each kind that vrbench wrote begins with, and an array of it if it is an npz."""

_LOOKED_AT = 1 << 14
"""Bytes of the beginning and of the end of a file in which its kind is looked for."""


def check_output(
    option: str,
    path: Path,
    inputs: Iterable[str | Path | None],
    kind: Kind,
    others: Iterable[Path] = (),
) -> None:
    """Check, before the work, that writing ``path`` replaces only a file that it may replace.

    Args:
        option: the option that names the file.
        path: the file to write.
        inputs: the paths that the command reads; those that are no files are ignored.
        kind: of the file: a file of another kind is never replaced.
        others: what else the command writes.

    Raises:
        InputError: ``path`` is no file, one of another kind, or one of the inputs or others by any
            name, or its folder cannot be written.
    """
    check_place(path)
    place = os.path.realpath(path)
    if any(place == os.path.realpath(other) for other in others):
        raise InputError(
            f"{path} is written for another option of this command: give {option} another name."
        )
    if not path.exists():
        return
    if any(given is not None and _same(path, Path(given)) for given in inputs):
        raise InputError(f"{path} is read by this command: give {option} another name.")
    if path.stat().st_size and not _is(kind, path):
        raise InputError(
            f"{path} is no {kind} file and is not overwritten: give {option} another name."
        )


def check_outputs(
    files: Iterable[tuple[str, Path | None, Kind]],
    inputs: Iterable[str | Path | None],
    others: Iterable[Path] = (),
) -> None:
    """Check each of the files that a command writes, as ``check_output`` does.

    Args:
        files: option, path (None: not asked for) and kind of each.
        inputs: the paths that the command reads.
        others: what else it writes, such as its folder of results.

    Raises:
        InputError: one of them may not be written, or two are the same.
    """
    inputs, written = list(inputs), list(others)
    for option, path, kind in files:
        if path is not None:
            check_output(option, path, inputs, kind, written)
            written.append(path)


def _is(kind: Kind, path: Path) -> bool:
    start, member = _KINDS[kind]
    try:
        with path.open("rb") as stream:
            seen = stream.read(_LOOKED_AT)
            stream.seek(max(0, path.stat().st_size - _LOOKED_AT))
            seen += stream.read()  # parquet says at its end what it holds
    except OSError:
        return False  # what cannot be read is not replaced
    if not re.match(start, seen, re.DOTALL):
        return False
    if not member:
        return True
    from vrbench.runtime.npz import open_npz

    try:
        with open_npz(path) as npz:
            shape = npz.header(member).shape if member in npz else None
    except InputError:
        return False
    # what a similarity file calls t2v has one dimension among a result's rank vectors
    return shape is not None and (kind != "similarity" or len(shape) > 1)


def _same(path: Path, given: Path) -> bool:
    return given.exists() and path.samefile(given)
