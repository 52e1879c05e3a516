"""Shards of an extraction -> one feature file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from vrbench.errors import InputError
from vrbench.extraction.shards import Shard
from vrbench.features import Tokens
from vrbench.features.begin import check_out
from vrbench.features.check import group_problems
from vrbench.features.hdf5 import SIDES, open_hdf5, read_attrs, reading
from vrbench.features.part_names import is_plain_name
from vrbench.features.sides import missing_items, read_side, sides_of, unfinished
from vrbench.features.whole import Part, write_whole
from vrbench.features.writer import FREE, FeatureWriter
from vrbench.runtime.files import replacing
from vrbench.runtime.progress import Progress, counted


@dataclass(frozen=True)
class _Part:
    """An open shard."""

    path: Path
    attrs: Mapping[str, Any]
    shard: Shard
    sides: Mapping[str, Tokens]
    held: Mapping[str, Any]


def merge_shards(
    shards: Sequence[Path],
    out: Path,
    *,
    virtual: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Join the shards of an extraction, or of ``shard_features``, given in any order.

    Items come in the order of the shards, so that ``out`` holds what one extraction without
    ``--shard`` writes. ``out`` appears once it is whole.

    Args:
        shards: the files.
        out: the file to write.
        virtual: leave tokens and columns in the shards, which lie in the folder of ``out`` and
            become its parts, see ``features/parts.py``.
        overwrite: whether ``out`` may be replaced.
        progress: is told how many items of a side are written.

    Returns:
        side -> items of ``out``.

    Raises:
        InputError: a shard is missing, given twice, unfinished, damaged or of another extraction,
            an item is in two of them, ``out`` exists or cannot be written, or a shard of a
            ``virtual`` one is in another folder.
    """
    if out.exists() and any(shard.exists() and out.samefile(shard) for shard in shards):
        raise InputError(f"{out} is one of the shards: use another --out.")
    check_out(out, overwrite)
    if virtual:
        _check_places(shards, out)
    with ExitStack() as stack:
        parts = sorted((_open(path, stack) for path in shards), key=lambda part: part.shard.part)
        _check_complete(parts)
        _check_alike(parts)
        own = {"shard", "dtype", *FREE} - {"created_by"}
        attrs = {k: v for k, v in parts[0].attrs.items() if k not in own}
        _check_items(parts)
        with replacing(out) as target:
            if virtual:
                attrs |= {"dtype": parts[0].attrs["dtype"], "complete": True, **_said(parts)}
                return write_whole(target, [Part(part.path, part.held) for part in parts], attrs)
            with FeatureWriter(target, attrs, parts[0].attrs["dtype"], out) as writer:
                for side in SIDES:
                    _join(writer, side, parts, progress)
                writer.finish(**_said(parts))
    counts = {side: sum(len(p.sides.get(side, ())) for p in parts) for side in SIDES}
    return {side: count for side, count in counts.items() if count}


def _check_places(shards: Sequence[Path], out: Path) -> None:
    """Check that all shards are files of the folder of ``out``, by names that HDF5 can follow."""
    folder = out.absolute().parent.resolve()
    for path in shards:
        if path.exists() and path.resolve().parent != folder:
            raise InputError(
                f"{path} is not in the folder of {out}, where the parts of a virtual file lie: "
                "move it there, or merge without --virtual."
            )
        if not is_plain_name(path.name):
            raise InputError(f"{path} cannot be a part by this name: rename it.")


def _check_items(parts: Sequence[_Part]) -> None:
    """Check that there are videos and texts, and that no item is in two parts."""
    for side in SIDES:
        seen: dict[str, Path] = {}
        for part in parts:
            for name in part.sides[side].ids.tolist() if side in part.sides else ():
                if name in seen:
                    raise InputError(f"'{name}' is in /{side} of {seen[name]} and of {part.path}.")
                seen[name] = part.path
        if not seen and side in ("video", "text"):
            raise InputError(f"No shard has an item in /{side}.")


def _open(path: Path, stack: ExitStack) -> _Part:
    file = stack.enter_context(open_hdf5(path))
    with reading(path):
        attrs = read_attrs(file)
        if "shard" not in attrs:
            raise InputError(
                f"{path} is no shard: it was not written by extract --shard i/n or by vrbench "
                "shard."
            )
        if unfinished(attrs):
            raise InputError(f"{path} is unfinished: run its vrbench extract again.")
        sides = sides_of(file, attrs, path)
        for side in sides:
            for problem in group_problems(sides, side):
                raise InputError(f"{path}: {problem}")
        tokens = {side: read_side(sides, side, attrs, path) for side in sides}
    return _Part(path, attrs, Shard.parse(str(attrs["shard"])), tokens, sides)


def _check_complete(parts: Sequence[_Part]) -> None:
    """Check that every shard is there once."""
    numbers = Counter(part.shard.part for part in parts)
    n = parts[0].shard.parts
    if twice := [number for number, count in numbers.items() if count > 1]:
        paths = " and ".join(str(p.path) for p in parts if p.shard.part == twice[0])
        raise InputError(f"Shard {twice[0]}/{n} is given twice, by {paths}: give each once.")
    if missing := sorted(set(range(1, n + 1)) - set(numbers)):
        listed = ", ".join(f"{number}/{n}" for number in missing)
        raise InputError(f"Shards are missing: {listed}. Give all {n} of them.")


def _check_alike(parts: Sequence[_Part]) -> None:
    """Check that all shards are of one extraction."""
    first = parts[0]
    for part in parts[1:]:
        for key in sorted({*first.attrs, *part.attrs} - FREE - {"shard"}):
            one, other = first.attrs.get(key), part.attrs.get(key)
            if one != other:
                raise InputError(
                    f"{part.path} has {key} = {other!r}, {first.path} has {one!r}: these are not "
                    "shards of one extraction."
                )
        if part.shard.parts != first.shard.parts:
            raise InputError(
                f"{part.path} is shard {part.shard}, {first.path} is shard {first.shard}: these "
                "are not shards of one extraction."
            )


def _join(
    writer: FeatureWriter, side: str, parts: Sequence[_Part], progress: Progress | None
) -> None:
    """Append a side of all parts."""
    shifts = accumulate(
        (len(part.sides.get(side.replace("text", "video"), ())) for part in parts), initial=0
    )
    blocks = (
        moved(block, shift)
        for part, shift in zip(parts, shifts, strict=False)
        if side in part.sides
        for block in part.sides[side].blocks()
    )
    total = sum(len(part.sides.get(side, ())) for part in parts)
    for block in counted(blocks, f"/{side}", total, progress, len):
        writer.append(side, block)


def moved(block: Tokens, videos: int) -> Tokens:
    """Let the texts of a block point ``videos`` rows further on."""
    if block.video is None:
        return block
    rows = {"video": np.asarray(block.video + videos)}
    return replace(block, item_columns={**block.item_columns, **rows})


def _said(parts: Sequence[_Part]) -> dict[str, str]:
    """Attributes of the whole from those of its parts: each note once, counts of missing added."""
    notes = dict.fromkeys(n for part in parts for n in json.loads(part.attrs.get("notes", "[]")))
    said = {"notes": json.dumps(list(notes))} if notes else {}
    if limits := parts[0].attrs.get("limits"):
        said["limits"] = limits
    missing: Counter[str] = Counter()
    for part in parts:
        missing.update(missing_items(part.attrs, part.path))
    return {**said, "missing": json.dumps(dict(missing))} if any(missing.values()) else said
