"""Shards of an extraction -> one feature file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vrbench.errors import InputError
from vrbench.extraction.shards import Shard
from vrbench.features import Tokens
from vrbench.features.begin import check_out
from vrbench.features.check import group_problems
from vrbench.features.hdf5 import SIDES, open_hdf5, read_attrs, reading
from vrbench.features.sides import missing_items, read_side, sides_of, unfinished
from vrbench.features.writer import FREE, FeatureWriter
from vrbench.runtime.files import replacing


@dataclass(frozen=True)
class _Part:
    """An open shard."""

    path: Path
    attrs: Mapping[str, Any]
    shard: Shard
    sides: Mapping[str, Tokens]


def merge_shards(shards: Sequence[Path], out: Path, *, overwrite: bool = False) -> dict[str, int]:
    """Join the shards of an extraction, given in any order.

    Items come in the order of the shards, so that ``out`` holds what one extraction without
    ``--shard`` writes. ``out`` appears once it is whole.

    Returns:
        side -> items of ``out``.

    Raises:
        InputError: a shard is missing, given twice, unfinished, damaged or of another extraction,
            an item is in two of them, or ``out`` exists or cannot be written.
    """
    if out.exists() and any(shard.exists() and out.samefile(shard) for shard in shards):
        raise InputError(f"{out} is one of the shards: use another --out.")
    check_out(out, overwrite)
    with ExitStack() as stack:
        parts = sorted((_open(path, stack) for path in shards), key=lambda part: part.shard.part)
        _check_complete(parts)
        _check_alike(parts)
        attrs = {k: v for k, v in parts[0].attrs.items() if k not in (*FREE, "shard", "dtype")}
        attrs["created_by"] = parts[0].attrs.get("created_by", "")
        with (
            replacing(out) as target,
            FeatureWriter(target, attrs, parts[0].attrs["dtype"], out) as writer,
        ):
            counts = {side: _join(writer, side, parts) for side in SIDES}
            if empty := [side for side in ("video", "text") if not counts[side]]:
                raise InputError(f"No shard has an item in /{empty[0]}.")
            writer.finish(**_said(parts))
    return {side: count for side, count in counts.items() if count}


def _open(path: Path, stack: ExitStack) -> _Part:
    file = stack.enter_context(open_hdf5(path))
    with reading(path):
        attrs = read_attrs(file)
        if "shard" not in attrs:
            raise InputError(f"{path} is no shard: it was not extracted with --shard i/n.")
        if unfinished(attrs):
            raise InputError(f"{path} is unfinished: run its vrbench extract again.")
        sides = sides_of(file, attrs, path)
        for side in sides:
            for problem in group_problems(sides, side):
                raise InputError(f"{path}: {problem}")
        tokens = {side: read_side(sides, side, attrs, path) for side in sides}
    return _Part(path, attrs, Shard.parse(attrs["shard"]), tokens)


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


def _join(writer: FeatureWriter, side: str, parts: Sequence[_Part]) -> int:
    """Append a side of all parts, and return how many items it has."""
    seen: dict[str, Path] = {}
    videos = 0
    for part in parts:
        tokens = part.sides.get(side)
        if tokens is not None:
            for name in tokens.ids.tolist():
                if name in seen:
                    raise InputError(f"'{name}' is in /{side} of {seen[name]} and of {part.path}.")
                seen[name] = part.path
            for block in tokens.blocks():
                writer.append(side, _moved(block, videos))
        videos += len(part.sides.get(side.replace("text", "video"), ()))
    return len(seen)


def _moved(block: Tokens, videos: int) -> Tokens:
    """Let the texts of a block point ``videos`` rows further on."""
    if block.video is None:
        return block
    rows = {"video": np.asarray(block.video + videos)}
    return replace(block, item_columns={**block.item_columns, **rows})


def _said(parts: Sequence[_Part]) -> dict[str, str]:
    """Attributes of the whole from those of its parts: each note once, counts of missing added."""
    notes = dict.fromkeys(n for part in parts for n in json.loads(part.attrs.get("notes", "[]")))
    said = {"notes": json.dumps(list(notes))} if notes else {}
    missing: Counter[str] = Counter()
    for part in parts:
        missing.update(missing_items(part.attrs, part.path))
    return {**said, "missing": json.dumps(dict(missing))} if any(missing.values()) else said
