"""Arrays under the names of the interface -> Tokens of up to six sides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean, shown
from vrbench.features.check import link_problems
from vrbench.features.pairing import BY_PLACE, check_links, owners, pairing_notes, shares_names
from vrbench.features.tokens import Tokens
from vrbench.importing.given import Given
from vrbench.importing.load import Loaded, load
from vrbench.importing.side import mask_notes, read_side
from vrbench.importing.streams import SECOND, audio_of, with_second
from vrbench.importing.typed import TypedArrays
from vrbench.importing.usual import COLUMNS, NAMES, part_of


@dataclass(frozen=True)
class Arrays:
    """The content of a source of arrays.

    Attributes:
        sides: ``video``, ``text`` and, where there, ``audio`` and the same of ``bank/``.
        notes: arrays that were not read, the order of files, and whether texts and videos are
            paired by place.
        pairs: how texts are paired with videos: by ``text_video``, ``name`` or ``place``.
        named: the sides that have names.
        remarks: notes that belong to every result on these data.
    """

    sides: Mapping[str, Tokens]
    notes: tuple[str, ...]
    pairs: str
    named: Collection[str]
    remarks: tuple[str, ...] = ()

    @property
    def dtype(self) -> str:
        """The narrowest type that stores every vector without rounding."""
        vectors = [v for s in self.sides.values() for v in (s.tokens, s.global_vectors)]
        return str(np.result_type(*(v.dtype for v in vectors if v is not None)).name)


def read_arrays(source: Path | Given) -> Arrays:
    """Read files of any layout (``importing/layouts/``) under the names in ``NAMES``.

    Each side is either packed (``video_tokens`` (sum l, d) and ``video_offsets`` (n + 1,)), padded
    (``video_tokens`` (n, L, d) and ``video_mask`` (n, L); only rows where it is true are tokens),
    or one vector for each item (``video`` or ``image``, ``text``, ``video_global`` alone: (n, d)),
    which is then both its global vector and its only token. ``video_level``, one for each token,
    says which are frames (0) and which patches (1). ``audio`` is the sound of videos, ``video2`` a
    second visual stream (``importing/streams.py``). Values are not checked.

    Raises:
        InputError: something is missing, ambiguous, or does not fit the rest.
    """
    given = source if isinstance(source, Given) else Given(source)
    loaded = load(given)
    arrays = TypedArrays(str(given), loaded.arrays, loaded.theirs)
    sides: dict[str, Tokens] = {}
    for prefix in ("", "bank_"):
        for side in ("video", "text"):
            tokens = read_side(arrays, prefix, side)
            if tokens is not None:
                tokens = with_second(arrays, prefix, tokens) if side == "video" else tokens
                columns = _columns(arrays, prefix + side, len(tokens))
                sides[prefix.replace("_", "/") + side] = replace(tokens, item_columns=columns)
            elif not prefix:
                raise InputError(f"{given} {_missing(side, loaded)}")
        group = prefix.replace("_", "/")
        audio = audio_of(arrays, prefix, sides.get(f"{group}video"))
        sides |= {} if audio is None else {f"{group}audio": audio}
    _check_widths(arrays, sides)
    sides["text"], pairs = _linked(arrays, "", sides["text"], sides["video"])
    if "bank/text" in sides:
        bank = sides["bank/text"], sides.get("bank/video")
        sides["bank/text"], _ = _linked(arrays, "bank_", *bank)
    named = [side for side in sides if f"{side.replace('/', '_')}_ids" in arrays]
    notes = (*loaded.notes, *_ignored(given, loaded), *pairing_notes(pairs))
    return Arrays(sides, notes, pairs, named, (*loaded.remarks, *mask_notes(arrays)))


def _columns(arrays: TypedArrays, key: str, n: int) -> dict[str, NDArray[Any]]:
    """Return what each item of a side has besides its tokens."""
    found = {column: f"{key}_{column}" for column in COLUMNS if f"{key}_{column}" in arrays}
    return {
        column: arrays.numbers(name, n)
        if column in ("position", "start", "end")
        else arrays.names(name, n)
        for column, name in found.items()
    }


def _linked(
    arrays: TypedArrays, prefix: str, text: Tokens, video: Tokens | None
) -> tuple[Tokens, str]:
    """Add captions and the row of each text's video, and return how the rows were found.

    Rows that are not given are found by name; a bank may have none.
    """
    columns: dict[str, NDArray[Any]] = dict(text.item_columns)
    captions, rows = f"{prefix}captions", f"{prefix}text_video"
    if captions in arrays:
        columns["captions"] = arrays.strings(captions, len(text))
    pairs = BY_PLACE
    if rows in arrays:
        columns["video"], pairs = _given(arrays, rows, text, video), "text_video"
    elif video is not None and f"{prefix}text_ids" in arrays and f"{prefix}video_ids" in arrays:
        if not prefix or shares_names(text.ids, video.ids):
            columns["video"], pairs = owners(text.ids, video.ids, str(arrays.source)), "name"
    elif not prefix and video is not None:
        if len(text) != len(video):
            arrays.refuse(
                f"holds {len(text)} texts and {len(video)} videos, but no text_video "
                f"({len(text)},) with the row of each text's video"
            )
        columns["video"] = np.arange(len(text))
        _check_links(arrays, text, video, columns["video"], "the order of rows")
    return replace(text, item_columns=columns), pairs


def _given(arrays: TypedArrays, name: str, text: Tokens, video: Tokens | None) -> NDArray[np.int64]:
    """Return the rows of the texts' videos that the source gives."""
    rows = arrays.whole_numbers(name, len(text))
    n_video = None if video is None else len(video)
    for problem in link_problems(rows, text.ids, n_video, name):
        arrays.refuse(f"is unsound: {problem.rstrip('.')}")
    if video is not None:
        _check_links(arrays, text, video, rows, name)
    return rows


def _check_links(
    arrays: TypedArrays, text: Tokens, video: Tokens, rows: NDArray[np.int64], said: str
) -> None:
    pairs = np.arange(len(text)), rows
    check_links(text.ids, video.ids, pairs, f"{arrays.source}: {said}")


def _check_widths(arrays: TypedArrays, sides: Mapping[str, Tokens]) -> None:
    """Refuse sides of another width than the videos; raw streams may differ from the texts.

    Two visual streams are features of two encoders, which only a projection brings into the space
    of the texts.
    """
    raw = any(name.startswith((SECOND, f"bank_{SECOND}")) for name in arrays.arrays)
    for side, tokens in sides.items():
        alike = side.removeprefix("bank/") if raw else "video"
        width = sides[alike].dim if alike in sides else tokens.dim
        if tokens.dim != width:
            arrays.refuse(
                f"has {side.replace('/', '_')} {tokens.dim} wide and {alike} {width}, expected one "
                "width: bring both into one space first"
            )


def _missing(side: str, loaded: Loaded) -> str:
    plain = "video (or image)" if side == "video" else side
    held = sorted([*(loaded.theirs.get(name) or name for name in loaded.arrays), *loaded.ignored])
    ignored = (name for name in sorted(loaded.ignored) if part_of(name) != "ids")
    hints = filter(None, (did_you_mean(name, NAMES) for name in ignored))
    return (
        f"has no {side} side: expected {plain} (n, d), or {side}_tokens with {side}_offsets or "
        f"{side}_mask, but it holds {shown(held) or 'nothing'}.{next(hints, '')}"
    )


def _ignored(given: Given, loaded: Loaded) -> Iterator[str]:
    for name in sorted(loaded.ignored):
        hint = _hint_of_ids(name, loaded) if part_of(name) == "ids" else did_you_mean(name, NAMES)
        yield f"'{name}' in {given} is not read.{hint}"


def _hint_of_ids(name: str, loaded: Loaded) -> str:
    """Return how to say whose ids an array of this name holds, if a side lacks them."""
    sides = (side for side in ("video", "text") if f"{side}_ids" not in loaded.arrays)
    side = next(sides, None)
    return f" If it names the {side}s, say so: --key {name}={side}_ids." if side else ""
