"""Reading a feature file: packed HDF5 arrays of one dataset, split and encoder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.check import group_problems
from vrbench.features.cut import cut_notes
from vrbench.features.guarded import GuardedFile
from vrbench.features.hdf5 import hdf5_of, open_guarded, read_attrs, reading
from vrbench.features.parts import Parts
from vrbench.features.sides import (
    check_audio,
    check_text_videos,
    data_notes,
    notes_of,
    read_side,
    sides_of,
    unfinished,
)
from vrbench.features.tokens import Tokens
from vrbench.runtime.opened import sha256_of
from vrbench.runtime.printable import one_line


@dataclass(frozen=True, eq=False)
class Features:
    """An open feature file; also a context manager that closes it.

    Attributes:
        path: the file.
        attrs: its attributes: dataset, split, encoder, normalized, ...
        video: the gallery of t2v.
        text: the queries of t2v; ``text.video`` is the row of each text's video.
        bank_video: training videos that normalizations may see, or None.
        bank_text: training texts that normalizations may see, or None.
        audio: the sound of videos, named like them, or None; ``--side`` reads it.
        bank_audio: the sound of the bank's videos, or None.
        notes: remarks on the file, such as a torn tail that was cut off.
        data_notes: remarks that belong to every result on it, such as videos that are missing.
        file: the open ``h5py.File`` that tokens are read from.
        guarded: the guarded file that ``file`` reads through; None where there is none.
        parts: the files that tokens are read from, where they are not in ``file``.
        digest: identifies features that are in no file.
    """

    path: Path
    attrs: Mapping[str, Any]
    video: Tokens
    text: Tokens
    bank_video: Tokens | None = None
    bank_text: Tokens | None = None
    audio: Tokens | None = None
    bank_audio: Tokens | None = None
    notes: tuple[str, ...] = ()
    data_notes: tuple[str, ...] = ()
    file: Any = field(default=None, repr=False)
    guarded: GuardedFile | None = field(default=None, repr=False)
    parts: Parts | None = field(default=None, repr=False)
    digest: str | None = None

    def __repr__(self) -> str:
        banks = {"video": self.bank_video, "text": self.bank_text}
        sizes = [f"{len(one):,} {side}s" for side, one in banks.items() if one is not None]
        bank = " x ".join(sizes) or "none"
        sides = f"video {self.video.described()}; text {self.text.described()}"
        sides += "" if self.audio is None else f"; audio {self.audio.described()}"
        return f"Features({one_line(self.path.name)}: {sides}; bank {bank})"

    @property
    def text_video(self) -> NDArray[np.int64]:
        """(n_text,) row of each text's video."""
        return self.text.item_columns["video"]

    def limited(self, videos: NDArray[np.int64]) -> Features:
        """Keep the videos at these rows, with their texts; the bank stays whole."""
        new_row = np.full(len(self.video), -1, dtype=np.int64)
        new_row[videos] = np.arange(len(videos))
        text = self.text.select(np.flatnonzero(new_row[self.text_video] >= 0))
        columns = {**text.item_columns, "video": new_row[text.item_columns["video"]]}
        return replace(
            self, video=self.video.select(videos), text=replace(text, item_columns=columns)
        )

    def sha256(self) -> str:
        """SHA-256 of the file that tokens are read from, hexadecimal; see ``Parts.sha256``.

        Raises:
            InputError: the file was written to since it was opened.
        """
        if self.digest is not None:
            return self.digest
        return sha256_of(self.path) if self.parts is None else self.parts.sha256

    def close(self) -> None:
        """Close the file; blocks can no longer be read."""
        if self.file is not None:
            self.file.close()
        if self.guarded is not None:
            self.guarded.close()
        if self.parts is not None:
            self.parts.close()

    def __enter__(self) -> Features:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_features(path: str | Path) -> Features:
    """Open a feature file; tokens stay on disk until a block of them is read.

    Texts and videos may differ in width: such a file can be projected, though not scored.

    Raises:
        InputError: the file is missing, is no feature file, or an item in it is malformed.
    """
    path = Path(path)
    with ExitStack() as opened:
        guarded = opened.enter_context(open_guarded(path))
        file = opened.enter_context(hdf5_of(guarded, whole=True))
        parts = opened.enter_context(Parts(file, guarded))
        with reading(path):
            features = _features(file, guarded, parts)
        opened.pop_all()  # they stay open
    return features


def _features(file: Any, guarded: GuardedFile, parts: Parts) -> Features:
    path = guarded.path
    attrs = read_attrs(file)
    sides = parts.fill(sides_of(file, attrs, path))
    for side in dict.fromkeys(("video", "text", *sides)):
        for problem in group_problems(sides, side):
            hint = " Its extraction is unfinished: run it again." if unfinished(attrs) else ""
            raise InputError(f"{path}: {problem}{hint}")
    tokens = {side: read_side(sides, side, attrs, path) for side in sides}
    check_text_videos(tokens, path)
    check_audio(tokens)
    return Features(
        path=path,
        attrs=attrs,
        video=tokens["video"],
        text=tokens["text"],
        bank_video=tokens.get("bank/video"),
        bank_text=tokens.get("bank/text"),
        audio=tokens.get("audio"),
        bank_audio=tokens.get("bank/audio"),
        notes=tuple(notes_of(sides, sides, attrs, path)),
        data_notes=(*data_notes(attrs, path), *cut_notes(tokens, attrs, path)),
        file=file,
        guarded=guarded,
        parts=parts,
    )
