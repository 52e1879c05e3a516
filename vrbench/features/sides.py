"""Reading one side of an open feature file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import is_torn
from vrbench.features.hdf5 import SIDES
from vrbench.features.layout import PER_ITEM, PER_TOKEN
from vrbench.features.pairing import check_links
from vrbench.features.strings import StoredStrings, is_text, strings
from vrbench.features.tokens import Tokens
from vrbench.runtime.json_text import parse_json

T = TypeVar("T")

MOST = 10**12
"""Items of a side, more than any has."""


def sides_of(file: Any, attrs: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the sides that an HDF5 file has, each as name -> dataset.

    Everything is looked up once: that takes HDF5 longer than to read a small dataset. A side that
    is no group stays what it is.

    Raises:
        InputError: it is not a feature file: neither its attributes nor its groups say so.
    """
    found = {side: file.get(side) for side in SIDES}
    sides = {
        side: dict(thing.items()) if isinstance(thing, Mapping) else thing
        for side, thing in found.items()
        if thing is not None
    }
    missing = [f"/{side}" for side in ("video", "text") if side not in sides]
    if missing and "format" not in attrs:
        raise InputError(f"{path} is not a feature file: it lacks {' and '.join(missing)}.")
    return sides


def unfinished(attrs: Mapping[str, Any]) -> bool:
    """Whether the file's attributes say that its extraction is unfinished."""
    return not attrs.get("complete", True)


def check_finished(attrs: Mapping[str, Any], path: Path) -> None:
    """Refuse a file whose extraction is unfinished.

    Raises:
        InputError: it is.
    """
    if unfinished(attrs):
        raise InputError(
            f"The extraction of {path} is unfinished: run the same vrbench extract again."
        )


def notes_of(
    sides: Mapping[str, Any], names: Iterable[str], attrs: Mapping[str, Any], path: Path
) -> Iterator[str]:
    """Yield notes on the sides of these names: an unfinished extraction, torn tails."""
    if unfinished(attrs):
        yield f"The extraction of {path} is unfinished: run the same vrbench extract again."
    for side in names:
        if is_torn(sides[side]):
            yield (
                f"/{side} of {path} ends in an interrupted write, which is left out: "
                f"{len(sides[side]['ids'])} whole items are read."
            )


def data_notes(attrs: Mapping[str, Any], path: Path) -> Iterator[str]:
    """Yield notes that belong to every result on these data: odd captions, missing items.

    Raises:
        InputError: an attribute is malformed.
    """
    notes = json_attr(attrs, "notes", list, path)
    if not all(isinstance(note, str) for note in notes):
        raise InputError(f"{path} has the attribute notes = {notes!r}, expected sentences.")
    yield from notes
    if lost := [f"{n:,} in /{side}" for side, n in missing_items(attrs, path).items() if n]:
        yield (
            f"Items that could not be read are missing ({', '.join(lost)}): numbers are not those "
            "of the whole split."
        )


def json_attr(attrs: Mapping[str, Any], name: str, kind: type[T], path: Path) -> T:
    """Read an attribute that holds JSON; empty where it is not there.

    Raises:
        InputError: it is no JSON, or of another kind.
    """
    stored = attrs.get(name) or "null"
    found = parse_json(str(stored), f"The attribute {name} of {path}", "extract it anew")
    if found is not None and not isinstance(found, kind):
        raise InputError(f"{path} has the attribute {name} = {stored!r}, expected JSON.")
    return found if isinstance(found, kind) else kind()


def missing_items(attrs: Mapping[str, Any], path: Path) -> dict[str, int]:
    """Return side -> annotated items that the file does not have.

    Raises:
        InputError: the attribute is malformed.
    """
    missing = json_attr(attrs, "missing", dict, path)
    if not all(type(n) is int and 0 <= n <= MOST for n in missing.values()):
        raise InputError(f"{path} has the attribute missing = {missing!r}, expected counts.")
    return missing


def scored_as_cosines(attrs: Mapping[str, Any], path: Path) -> bool:
    """Read the attribute ``normalized``: true (the default) for cosines, false for dot products.

    Raises:
        InputError: it is neither true nor false (1 and 0 are allowed).
    """
    value = attrs.get("normalized", True)
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    raise InputError(f"{path} has the attribute normalized = {value!r}, expected true or false.")


def read_side(sides: Mapping[str, Any], side: str, attrs: Mapping[str, Any], path: Path) -> Tokens:
    """Return a side without its torn tail; tokens, global vectors and words stay on disk.

    Raises:
        InputError: the attribute ``normalized`` is malformed, or a string is not UTF-8.
    """
    group = sides[side]
    n = len(group["ids"])
    offsets = group["offsets"][: n + 1].astype(np.int64)
    per_item = PER_ITEM & set(group) - {"global", "video" if side.endswith("video") else ""}
    per_token = PER_TOKEN & set(group)
    return Tokens(
        ids=strings(group["ids"], 0, n),
        tokens=group["tokens"],
        offsets=offsets,
        global_vectors=group.get("global"),
        normalized=scored_as_cosines(attrs, path),
        item_columns={name: _item_column(group[name], n) for name in sorted(per_item)},
        token_columns={
            name: _token_column(group[name], int(offsets[-1])) for name in sorted(per_token)
        },
        name=f"/{side} in {path}",
    )


def check_text_videos(sides: Mapping[str, Tokens], path: Path) -> None:
    """Check that the videos of texts agree with their names, where both have names.

    Raises:
        InputError: a text has a video of another name.
    """
    text, video = sides["text"], sides["video"]
    if text.video is not None:
        pairs = np.arange(len(text)), text.video
        check_links(text.ids, video.ids, pairs, f"{path}: /text/video")


def check_audio(sides: Mapping[str, Tokens]) -> None:
    """Check that each item of ``/audio`` is the sound of a video, by its name; the bank's too.

    Raises:
        InputError: one is not.
    """
    for side, audio in sides.items():
        if not side.endswith("audio"):
            continue
        video = sides.get(side.replace("audio", "video"))
        known = np.zeros(len(audio), bool) if video is None else np.isin(audio.ids, video.ids)
        if not known.all():
            raise InputError(
                f"Item '{audio.ids[int(np.argmin(known))]}' of {audio.name} is the sound of no "
                "video: name each item like its video, or leave it out."
            )


def _item_column(dataset: Any, n: int) -> NDArray[Any]:
    if is_text(dataset):
        return strings(dataset, 0, n)
    values = np.asarray(dataset[:n])
    # rows of videos are indices whatever their stored type
    return values.astype(np.int64) if values.dtype.kind in "iu" else values


def _token_column(dataset: Any, rows: int) -> Any:
    # words are many and most commands never read them
    return StoredStrings(dataset, rows) if is_text(dataset) else np.asarray(dataset[:rows])
