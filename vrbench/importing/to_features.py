"""Importing arrays of other programs into a feature file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vrbench._version import VERSION
from vrbench.errors import InputError
from vrbench.features.begin import check_out
from vrbench.features.check import value_problems
from vrbench.features.doubts import doubts
from vrbench.features.tokens import Tokens
from vrbench.features.writer import FeatureWriter
from vrbench.importing import Given, read_arrays
from vrbench.runtime.files import replacing
from vrbench.runtime.progress import Progress, counted, phase


def import_arrays(
    source: Path | Given,
    out: Path,
    *,
    dataset: str = "",
    split: str = "",
    encoder: str = "",
    normalized: bool = True,
    dtype: str | None = None,
    overwrite: bool = False,
    note: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write arrays of any layout as a feature file.

    Vectors are stored as they are, never scaled. ``out`` appears once it is whole; an earlier file
    stays until then, and also after an error or interruption.

    Args:
        source: one file or folder, or one a side (``vrbench.importing.Given``).
        out: the feature file.
        dataset: name of the data.
        split: name of their part.
        encoder: name of the encoder that made the vectors.
        normalized: whether they are to be compared by cosines (else dot products).
        dtype: storage type: float16, float32 or float64; None keeps the widest of the source.
        overwrite: replace an ``out`` that exists.
        note: called with each remark, such as which arrays were not read.
        progress: is told of the reading, and how many items of a side are written.

    Returns:
        ``out``.

    Raises:
        InputError: an array is missing or malformed, an item cannot be scored, the bank is the
            test set, or ``out`` exists or cannot be written.
    """
    given = source if isinstance(source, Given) else Given(source)
    _check_out(given, out, overwrite)
    with phase("reading", progress):
        arrays = read_arrays(given)
    sides = {side: replace(t, normalized=normalized) for side, t in arrays.sides.items()}
    problems, doubtful = doubts(sides, arrays.named)
    remarks = [*arrays.remarks, *doubtful]
    for problem in problems:
        raise InputError(f"{given}: {problem}")
    attrs = {
        "dataset": dataset,
        "split": split,
        "encoder": encoder,
        "normalized": normalized,
        "dim": arrays.sides["video"].dim,
        "pairs": arrays.pairs,
        "created_by": f"vrbench {VERSION}",
    }
    dtype = dtype or arrays.dtype
    with replacing(out) as part, FeatureWriter(part, attrs, dtype, name=out) as writer:
        for side, tokens in sides.items():
            _write(writer, side, tokens, progress)
        writer.finish(**({"notes": json.dumps(remarks)} if remarks else {}))
    for remark in (*arrays.notes, *remarks):
        if note is not None:
            note(remark)
    return out


def _check_out(given: Given, out: Path, overwrite: bool) -> None:
    if out.exists() and any(path.exists() and out.samefile(path) for path in given.inputs()):
        raise InputError(f"{out} is what is to be imported: give --out another name.")
    check_out(out, overwrite)


def _write(writer: FeatureWriter, side: str, tokens: Tokens, progress: Progress | None) -> None:
    for block in counted(tokens.blocks(), f"/{side}", len(tokens), progress, len):
        for problem in value_problems(block):
            raise InputError(problem)
        writer.append(side, block)
