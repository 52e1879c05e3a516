"""Inspecting a feature file: its content, and whether it is sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import group_problems
from vrbench.features.cut import cut_notes
from vrbench.features.doubts import doubts
from vrbench.features.hdf5 import hdf5_of, open_guarded, read_attrs, reading
from vrbench.features.inspect_side import SideReport, report_side, spread
from vrbench.features.layout import layout_problems
from vrbench.features.logit_scale import logit_scale
from vrbench.features.pairing import pairing_notes
from vrbench.features.parts import Parts
from vrbench.features.sides import (
    check_audio,
    check_text_videos,
    data_notes,
    notes_of,
    read_side,
    sides_of,
)
from vrbench.features.tokens import Tokens


@dataclass(frozen=True)
class Report:
    """The report of ``inspect_file``.

    Attributes:
        file: the file, as it was given.
        bytes: its size, with its parts.
        sha256: hexadecimal, see ``Parts.sha256``.
        attrs: its attributes.
        sides: ``video``, ``text``, ``audio`` and the bank's, ``bank_video`` ..., as far as they
            can be read.
        texts_per_video: min, median, max over the videos that have a text.
        videos_without_text: such videos stay in the gallery and are no query.
        problems: sentences; none in a sound file.
        notes: remarks that are no problems, such as a torn tail that was cut off.
    """

    file: str
    bytes: int
    sha256: str
    attrs: Mapping[str, Any]
    sides: Mapping[str, SideReport]
    texts_per_video: Mapping[str, float] | None
    videos_without_text: int | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether everything in the file can be scored."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "sound": self.sound}


def inspect_file(path: str | Path) -> Report:
    """Read a whole feature file, and report its content and its problems.

    Raises:
        InputError: the file is missing, locked, damaged, or no feature file.
    """
    path = Path(path)
    with (
        open_guarded(path) as guarded,
        hdf5_of(guarded, whole=True) as file,
        Parts(file, guarded) as parts,
        reading(path),
    ):
        attrs = read_attrs(file)
        held = parts.fill(sides_of(file, attrs, path))
        sides, problems = _sides(held, attrs, path)
        reports = {}
        for side, tokens in sides.items():
            reports[side.replace("/", "_")], found = report_side(tokens)
            problems += found
        problems += _width_problems(sides, attrs.get("dim"))
        problems += _scale_problems(attrs.get("scale"))
        notes = [*notes_of(held, sides, attrs, path), *data_notes(attrs, path)]
        notes += cut_notes(sides, attrs, path)
        notes += pairing_notes(attrs.get("pairs"))
        if not problems:
            problems += _link_problems(sides, path)
            found, more = doubts(sides)
            problems, notes = problems + found, notes + more
        counts = _texts_of_videos(sides)
        return Report(
            file=str(path),
            bytes=parts.size,
            sha256=parts.sha256,
            attrs=attrs,
            sides=reports,
            texts_per_video=None if counts is None else spread(counts[counts > 0]),
            videos_without_text=None if counts is None else int((counts == 0).sum()),
            problems=tuple(dict.fromkeys(problems)),
            notes=tuple(dict.fromkeys(notes)),
        )


def _sides(
    held: Mapping[str, Any], attrs: Mapping[str, Any], path: Path
) -> tuple[dict[str, Tokens], list[str]]:
    """Return the sides whose vectors can be found, and the problems of all sides."""
    sides: dict[str, Tokens] = {}
    problems: list[str] = []
    for side in dict.fromkeys(("video", "text", *held)):
        try:
            problems += group_problems(held, side)
            if not any(layout_problems(held, side)):
                tokens = read_side(held, side, attrs, path)
                if _can_be_cut(tokens):
                    sides[side] = tokens
        except InputError as error:
            problems.append(str(error))
    return sides, problems


def _can_be_cut(tokens: Tokens) -> bool:
    """Whether the offsets cut the stored tokens into items, empty ones included."""
    offsets = tokens.offsets
    ordered = bool(offsets[0] >= 0 and (np.diff(offsets) >= 0).all())
    return ordered and bool(offsets[-1] <= len(tokens.tokens))


def _width_problems(sides: Mapping[str, Tokens], said: Any) -> Iterator[str]:
    if "video" not in sides:
        return
    width = sides["video"].dim
    if said not in (None, width):
        yield f"The attribute dim is {said!r}, but /video/tokens is {width} wide: correct it."
    for side, tokens in sides.items():
        if tokens.dim != width:
            yield (
                f"/{side}/tokens is {tokens.dim} wide and /video/tokens {width}: they cannot be "
                "compared until both are projected (vrbench train projection)."
            )


def _scale_problems(scale: Any) -> Iterator[str]:
    try:
        logit_scale(scale, "The file")
    except InputError as error:
        yield str(error)


def _link_problems(sides: Mapping[str, Tokens], path: Path) -> Iterator[str]:
    try:
        check_text_videos(sides, path)
        check_audio(sides)
    except InputError as error:
        yield str(error)


def _texts_of_videos(sides: Mapping[str, Tokens]) -> NDArray[np.int64] | None:
    """(n_video,) number of texts of each video; None unless some text has a video."""
    if "video" not in sides or "text" not in sides:
        return None
    n = len(sides["video"])
    links = sides["text"].item_columns["video"]
    links = links[(links >= 0) & (links < n)]
    return np.bincount(links, minlength=n) if len(links) else None
