"""An extraction in parts, which a backend does: shards as tasks, then their whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vrbench.encoders import encoders
from vrbench.errors import InputError
from vrbench.extraction.extract import Extraction, Inputs, extract
from vrbench.extraction.said import cut_off
from vrbench.extraction.sharding import WHOLE, join_shards, parts_in, side_of
from vrbench.extraction.shards import Shard
from vrbench.features import open_features
from vrbench.features.cut import cut_notes
from vrbench.features.hdf5 import SIDES
from vrbench.registry import origins
from vrbench.runtime.backend import Backend, Here, Tasks
from vrbench.runtime.files import filling
from vrbench.runtime.progress import Progress
from vrbench.runtime.worker import asked_for, see

PATHS = ("weights", "projection")
"""Settings of ``extract`` that are files."""


@dataclass(frozen=True)
class _Part:
    """The task of a part.

    Attributes:
        shard: which it is.
        videos: its first and its last video, for messages.
        source: all videos and captions.
        folder: where its file lies.
        how: the other settings of ``extract``.
    """

    shard: Shard
    videos: str
    source: Inputs
    folder: Path
    how: Mapping[str, Any]

    def __str__(self) -> str:
        """Return what a message calls it."""
        return f"Part {self.shard} (videos {self.videos})"


def extract_parts(
    source: Inputs,
    folder: Path,
    parts: int | None = None,
    *,
    encoder: str,
    bank: Inputs | None = None,
    backend: Backend | None = None,
    progress: Progress | None = None,
    **how: Any,
) -> Extraction:
    """Encode videos and captions into a folder of parts with ``all.h5``, or carry on with it.

    Items are those of one ``extract``, bit for bit. A part that a lost worker leaves is carried on
    by another one.

    Args:
        source: videos and captions, at the same places on all workers.
        folder: where parts are written; all workers see it, too.
        parts: how many; None: those that are there, else one a worker.
        encoder: spec of one of vrbench's own encoders.
        bank: training videos and captions for normalizations.
        backend: does the parts; None: this process, one after the other.
        progress: called after each part.
        how: further settings of ``extract``.

    Raises:
        InputError: as ``extract`` does; or the folder holds a set of other parts, there are more
            parts than videos, or a worker does not see a file.
    """
    if folder.suffix and not folder.is_dir():
        raise InputError(f"Parts go into a folder, {folder} is a file: give another --out.")
    if backend is not None and origins(encoders.parse(encoder)):
        raise InputError(
            f"{encoder} is not one of vrbench's own encoders, and other processes know only these: "
            "leave --processes and --cluster out."
        )
    annotations = source.annotations
    videos = annotations.videos
    workers = getattr(backend, "workers", 1)
    n = _number(folder, parts, min(workers, len(videos)))
    if n > len(videos):
        raise InputError(f"There are {len(videos):,} videos: --shard takes so many parts at most.")
    threads = None if backend is None else max(1, (os.cpu_count() or 1) // workers)
    how = {"encoder": encoder, "bank": bank and _placed(bank), "threads": threads, **how}
    how |= {name: how[name].absolute() for name in PATHS if how.get(name)}

    def part(number: int) -> _Part:
        shard, placed = Shard(number, n), _placed(source)
        own = shard.of(annotations).videos
        return _Part(shard, f"'{own[0].id}' to '{own[-1].id}'", placed, folder.absolute(), how)

    done: dict[int, Extraction] = {}
    tasks = Tasks(range(1, n + 1), part)
    with filling(folder):
        for number, found in (backend or Here()).map(_extract, tasks):
            done[number] = found
            if progress:
                progress("parts", len(done), n)
    return _whole(folder, [done[number] for number in sorted(done)])


def _extract(part: _Part) -> Extraction:
    """Extract a part, as long as anybody waits for it."""

    def waited_for(*_: object) -> None:
        if not asked_for():
            raise InputError(f"{part} is not asked for any more.")

    files = [part.how[name] for name in PATHS if part.how.get(name)]
    for inputs in (part.source, part.how["bank"]):
        files += [] if inputs is None else inputs.files
    see(part.folder, *files)
    shard = str(part.shard)
    return extract(part.source, part.folder, shard=shard, progress=waited_for, **part.how)


def _number(folder: Path, asked: int | None, usual: int) -> int:
    """Return how many parts are made."""
    there = parts_in(folder)
    if asked is None:
        return next(iter(there), usual)
    if others := there - {asked}:
        raise InputError(
            f"{folder} holds parts of {next(iter(others))}: give that as --shard, or another --out."
        )
    return asked


def _placed(inputs: Inputs) -> Inputs:
    """Return the same, by paths that do not depend on where a process was started."""
    given, captions = inputs.videos, inputs.captions
    videos = tuple(path.absolute() for path in ((given,) if isinstance(given, Path) else given))
    captions = captions.absolute() if isinstance(captions, Path) else captions
    return replace(inputs, videos=videos, captions=captions)


def _whole(folder: Path, parts: list[Extraction]) -> Extraction:
    """Join parts, and what is said of them."""
    whole, first = folder / WHOLE, parts[0]
    counts = join_shards(folder)
    of_parts = {note for part in parts for note in cut_off(part.path)}
    notes = dict.fromkeys(n for part in parts for n in part.notes if n not in of_parts)
    skipped = tuple(sentence for part in parts for sentence in part.skipped)
    with open_features(whole) as features:
        sides = {side: found for side in SIDES if (found := side_of(features, side)) is not None}
        said = (*notes, *cut_notes(sides, features.attrs, whole))
    return Extraction(whole, counts, skipped, first.fitted, said, first.checks)
