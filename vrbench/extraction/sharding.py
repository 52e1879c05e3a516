"""A feature file -> a folder of parts with a whole, ``all.h5``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.extraction.merging import merge_shards, moved
from vrbench.extraction.shards import Shard, cuts
from vrbench.features import Features, Tokens, open_features
from vrbench.features.begin import check_out
from vrbench.features.hdf5 import SIDES
from vrbench.features.sides import unfinished
from vrbench.features.writer import FREE, FeatureWriter
from vrbench.runtime.files import filling, listed, replacing
from vrbench.runtime.progress import Progress, counted

WHOLE = "all.h5"
_PART = re.compile(r"part-[0-9]{5,}-of-([0-9]{5,})\.h5")
_LAYOUT = ("format", "version", "dtype")
"""Attributes that the writer adds."""


def shard_features(
    path: Path,
    parts: int,
    folder: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Store a feature file as a folder of parts, each with a stretch of its videos.

    Texts and sounds go with their video, and items of a part stay in order; a bank likewise. The
    parts are shards, as ``extract`` writes them. ``all.h5`` comes last, and each file appears once
    it is whole.

    Args:
        path: the feature file.
        parts: how many, at least 1.
        folder: where to.
        overwrite: whether its files may be replaced; those of a set of other parts never are.
        progress: is told how many parts are written.

    Returns:
        side -> items; the sides whose items come in another order now.

    Raises:
        InputError: the file is malformed, a shard, unfinished, of mixed types, or has fewer videos,
            or the folder has such files already, or cannot be written.
    """
    with open_features(path) as features, filling(folder):
        dtype = _check_source(features, parts)
        outs = [folder / Shard(k + 1, parts).name for k in range(parts)]
        _check_folder(folder, outs, path, overwrite)
        (folder / WHOLE).unlink(missing_ok=True)  # of other parts from now on
        sides = {side: one for side in SIDES if (one := side_of(features, side)) is not None}
        rows = {side: _rows(sides, side, parts) for side in sides}
        for k, out in enumerate(counted(outs, "parts", parts, progress)):
            chosen = {side: (sides[side], of[k]) for side, of in rows.items()}
            _write(features.attrs, out, Shard(k + 1, parts), dtype, chosen)
    counts = merge_shards(outs, folder / WHOLE, virtual=True)
    turned = [side for side, of in rows.items() if (np.diff(np.concatenate(of)) < 0).any()]
    return counts, tuple(turned)


def join_shards(folder: Path) -> dict[str, int]:
    """Write ``all.h5`` of the parts in a folder again, and return side -> items.

    Raises:
        InputError: a part is missing, malformed, unfinished or of another set, or ``all.h5`` is a
            feature file that has its tokens itself.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the one with the parts of a sharded set.")
    found = [part for part in listed(folder, ".h5") if _PART.fullmatch(part.name)]
    if not found:
        raise InputError(
            f"{folder} has no part-00001-of-00008.h5 or the like: write parts by vrbench shard or "
            "extract --shard, or join files of other names by vrbench merge --virtual."
        )
    whole = folder / WHOLE
    if whole.exists() and not _is_whole(whole):
        raise InputError(f"{whole} holds tokens itself and is not replaced: move it elsewhere.")
    return merge_shards(found, whole, virtual=True, overwrite=True)


def parts_in(folder: Path) -> set[int]:
    """Return of how many parts the sets are whose parts lie in a folder."""
    found = (
        (_PART.fullmatch(path.name) for path in listed(folder, ".h5")) if folder.is_dir() else ()
    )
    return {int(match[1]) for match in found if match}


def _is_whole(path: Path) -> bool:
    """Whether a file has parts, or cannot be read: ``join`` makes it again."""
    try:
        with open_features(path) as features:
            return bool(features.parts and features.parts.names)
    except InputError:
        return True


def _check_source(features: Features, parts: int) -> str:
    """Return the type of all vectors."""
    path, attrs = features.path, features.attrs
    if "shard" in attrs:
        raise InputError(f"{path} is shard {attrs['shard']} of another file: merge them first.")
    if unfinished(attrs):
        raise InputError(f"{path} is unfinished: run its vrbench extract again.")
    if parts > len(features.video):
        raise InputError(
            f"{path} has {len(features.video):,} videos: --parts takes so many at most."
        )
    kinds = {str(v.dtype) for s in SIDES if (side := side_of(features, s)) for v in _vectors(side)}
    if len(kinds) > 1:
        raise InputError(
            f"{path} holds vectors of {' and '.join(sorted(kinds))}: store them in one type."
        )
    return kinds.pop()


def _vectors(side: Tokens) -> list[NDArray[np.floating]]:
    return [side.tokens] if side.global_vectors is None else [side.tokens, side.global_vectors]


def side_of(features: Features, side: str) -> Tokens | None:
    """Return a side by the name of its group; None where there is none."""
    found: Tokens | None = getattr(features, side.replace("/", "_"))
    return found


def _check_folder(folder: Path, outs: Sequence[Path], source: Path, overwrite: bool) -> None:
    for other in listed(folder, ".h5"):
        if _PART.fullmatch(other.name) and other not in outs:
            raise InputError(f"{folder} has {other.name}, a part of another set: remove it first.")
    for out in (*outs, folder / WHOLE):
        if out.exists() and out.samefile(source):
            raise InputError(f"{source} is read by this command: use another --out.")
        check_out(out, overwrite)


def _rows(sides: Mapping[str, Tokens], side: str, parts: int) -> list[NDArray[np.int64]]:
    """Return the rows of a side in each part."""
    tokens, videos = sides[side], sides.get(_videos(side))
    if videos is None or (side.endswith("text") and tokens.video is None):
        return np.split(np.arange(len(tokens)), cuts(len(tokens), parts)[1:-1])
    owner = np.arange(len(tokens)) if tokens.video is None else tokens.video
    if side.endswith("audio"):
        row = {name: k for k, name in enumerate(videos.ids.tolist())}  # each is a video's name
        owner = np.array([row[name] for name in tokens.ids.tolist()])
    part = np.searchsorted(cuts(len(videos), parts)[1:], owner, side="right")
    order = np.argsort(part, kind="stable")
    return np.split(order, np.searchsorted(part[order], np.arange(1, parts)))


def _videos(side: str) -> str:
    return side.replace("text", "video").replace("audio", "video")


def _write(
    attrs: Mapping[str, Any],
    out: Path,
    shard: Shard,
    dtype: str,
    chosen: Mapping[str, tuple[Tokens, NDArray[np.int64]]],
) -> None:
    """Write a part, of rows of each side."""
    own = {*FREE, *_LAYOUT} - {"created_by"}
    kept = {k: v for k, v in attrs.items() if k not in own} | {"shard": str(shard)}
    # counts of what is missing are added up when parts are joined
    said = ("notes", "limits", "missing") if shard.part == 1 else ("notes", "limits")
    with replacing(out) as target, FeatureWriter(target, kept, dtype, out) as writer:
        for side, (tokens, index) in chosen.items():
            _, videos = chosen.get(_videos(side), (None, index[:0]))
            first = int(videos[0]) if len(videos) else 0
            for block in tokens.select(index).blocks():
                writer.append(side, moved(block, -first))
        writer.finish(**{key: attrs.get(key) for key in said})
