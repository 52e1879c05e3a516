"""A feature file with fewer tokens an item."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

from vrbench.errors import InputError
from vrbench.features.begin import check_out
from vrbench.features.file import Features, open_features
from vrbench.features.pooling import KEPT, pooled
from vrbench.features.sides import check_finished
from vrbench.features.tokens import Tokens
from vrbench.features.writer import FREE, FeatureWriter
from vrbench.runtime.files import replacing
from vrbench.runtime.progress import Progress, counted

Side = Literal["both", "text", "video"]

OWN = {*FREE, "format", "version", "dtype"}
"""Attributes that a file does not take from the one that it is made of, as they are."""


@overload
def pool(data: Tokens, factor: int) -> Tokens: ...
@overload
def pool(
    data: str | Path,
    factor: int,
    *,
    out: str | Path,
    side: Literal["both", "text", "video"] = ...,
    overwrite: bool = ...,
) -> Path: ...
def pool(
    data: Tokens | str | Path,
    factor: int,
    *,
    out: str | Path | None = None,
    side: Literal["both", "text", "video"] = "both",
    overwrite: bool = False,
) -> Tokens | Path:
    """Merge tokens of an item that are near each other, by Ward clustering, as ``vrbench pool``.

    >>> import numpy as np, vrbench
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    >>> items = vrbench.Tokens(np.array(["a"]), rows, np.array([0, 4]))
    >>> vrbench.pool(items, 2).tokens.tolist()
    [[1.0, 0.0], [0.0, 1.0]]

    Args:
        data: items in memory, or a feature file.
        factor: an item keeps one token of so many, at least one.
        out: of a file: the feature file to write.
        side: of a file: whose tokens are pooled.
        overwrite: replace an ``out`` that exists.

    Returns:
        The items, or ``out``.

    Raises:
        InputError: the factor is below 1, ``out`` is missing or exists, or the file is unsound.
    """
    if isinstance(data, Tokens):
        if out is not None:
            raise InputError("Items in memory are returned, not written: leave out=... out.")
        return pooled(data.block(0, len(data)), factor)
    if out is None:
        raise InputError(f"Give out=..., the feature file to write of {data} with fewer tokens.")
    pool_file(Path(data), Path(out), factor, side=side, overwrite=overwrite)
    return Path(out)


def pool_file(
    path: Path,
    out: Path,
    factor: int,
    *,
    side: Side = "both",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, tuple[float, float]]:
    """Write a feature file whose items have fewer tokens: see ``vrbench.features.pooling``.

    Of the columns of tokens ``level``, ``time`` and ``weight`` are kept. A note on the pooling
    stands under every result.

    Args:
        path: a whole feature file.
        out: the new one, which appears once it is whole.
        factor: every item has ``max(1, l // factor)`` of its l tokens at most.
        side: whose tokens are pooled; ``video`` is the sound, too.
        overwrite: replace an ``out`` that exists.
        progress: is told how many items of a side are written.

    Returns:
        side -> tokens of an item, in the mean, before and after.

    Raises:
        InputError: ``path`` is unfinished or cannot be read, the factor is below 1, or ``out``
            exists or cannot be written.
    """
    if factor < 1:
        raise InputError(f"--factor must be at least 1, it is {factor}.")
    if out.exists() and path.exists() and out.samefile(path):
        raise InputError(f"{out} is what is to be pooled: give --out another name.")
    check_out(out, overwrite)
    with open_features(path) as features:
        check_finished(features.attrs, path)
        attrs = {key: value for key, value in features.attrs.items() if key not in OWN}
        attrs["created_by"] = features.attrs.get("created_by", "")
        attrs["pooling"] = f"ward:factor={factor},side={side}"
        dtype = _dtype(features)
        with replacing(out) as part, FeatureWriter(part, attrs, dtype, name=out) as writer:
            counts = {
                name: _write(writer, name, tokens, factor if _is_of(name, side) else 1, progress)
                for name, tokens in _sides(features).items()
            }
            writer.finish(**_said(features.attrs, counts, factor))
    return counts


def _sides(features: Features) -> dict[str, Tokens]:
    found = {
        "video": features.video,
        "text": features.text,
        "audio": features.audio,
        "bank/video": features.bank_video,
        "bank/text": features.bank_text,
        "bank/audio": features.bank_audio,
    }
    return {name: tokens for name, tokens in found.items() if tokens is not None}


def _is_of(name: str, side: Side) -> bool:
    return side == "both" or (side == "text") == name.endswith("text")


def _dtype(features: Features) -> str:
    """Return the type that tokens are stored in; means of float16 numbers are rounded to it."""
    return str(features.video.tokens.dtype)


def _write(
    writer: FeatureWriter, side: str, tokens: Tokens, factor: int, progress: Progress | None
) -> tuple[float, float]:
    before, after = int(tokens.offsets[-1]), 0
    if factor > 1:
        columns = {key: value for key, value in tokens.token_columns.items() if key in KEPT}
        tokens = replace(tokens, token_columns=columns)
    for block in counted(tokens.blocks(), f"/{side}", len(tokens), progress, len):
        made = pooled(block, factor) if factor > 1 else block
        writer.append(side, made)
        after += int(made.offsets[-1])
    return before / len(tokens), after / len(tokens)


def _said(
    attrs: Mapping[str, Any], counts: Mapping[str, tuple[float, float]], factor: int
) -> dict[str, str]:
    """Return the notes and counts of what is missing, and what was pooled."""
    fewer = [
        f"{after:.1f} of {before:.1f} tokens an item in /{side}"
        for side, (before, after) in counts.items()
        if after < before
    ]
    notes = json.loads(attrs.get("notes", "[]"))
    if fewer:
        notes.append(f"Tokens are pooled by a factor of {factor}: {', '.join(fewer)}.")
    said = {"notes": json.dumps(notes)} if notes else {}
    return said | ({"missing": attrs["missing"]} if "missing" in attrs else {})
