"""Encoding the items of a side, batch by batch, into a feature file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vrbench.captions import Caption
from vrbench.encoders import Encoded, LoadedEncoder
from vrbench.errors import InputError
from vrbench.features.tokens import Tokens, offsets_of
from vrbench.features.writer import FeatureWriter
from vrbench.video import Sampling, read_clip

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called as (side, items done or skipped, items of the side) after each item."""


@dataclass(frozen=True)
class Job:
    """An open feature file and what fills it.

    Attributes:
        writer: the feature file.
        encoder: makes the tokens.
        batch: items between two writes.
        strict: stop at an item that cannot be read, else skip it.
        progress: called after each item.
        skipped: a sentence for each item that was skipped so far.
        counts: side -> items in the file.
    """

    writer: FeatureWriter
    encoder: LoadedEncoder
    batch: int
    strict: bool
    progress: Progress
    skipped: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def videos(self, side: str, folder: Path, ids: Iterable[str], sampling: Sampling) -> None:
        """Append the videos that the side does not have yet, in the order of ``ids``."""

        def encode(video: str) -> Tokens:
            clip = read_clip(folder, video, sampling)
            columns = {"frame": np.array(clip.numbers, dtype=np.int64)}
            return _tokens(video, self.encoder.video(clip), columns)

        self._side(side, {video: video for video in ids}, encode)

    def texts(self, side: str, videos: str, captions: Mapping[str, Sequence[str]]) -> None:
        """Append the captions of the videos that the side ``videos`` holds.

        The captions of a video that was skipped are left out with it.
        """
        rows = {video: row for row, video in enumerate(self.writer.ids(videos))}
        items = {
            caption.id: caption
            for video, texts in captions.items()
            if video in rows
            for caption in (Caption(f"{video}#{k}", video, t) for k, t in enumerate(texts))
        }

        def encode(caption: Caption) -> Tokens:
            encoded = self.encoder.text(caption) if caption.text else None
            if encoded is None or not encoded.words:
                raise InputError(f"Caption '{caption.id}' ({caption.text!r}) holds no word.")
            item = _tokens(caption.id, encoded, {"words": _strings(encoded.words)})
            video = np.array([rows[caption.video]], dtype=np.int64)
            return replace(
                item, item_columns={"captions": _strings([caption.text]), "video": video}
            )

        self._side(side, items, encode)

    def _side(self, side: str, items: Mapping[str, T], encode: Callable[[T], Tokens]) -> None:
        present = self.writer.ids(side)
        for foreign in dict.fromkeys(set(present) - items.keys()):
            raise InputError(
                f"{self.writer.path} holds '{foreign}' in /{side}, which is not asked for now: use "
                "the captions and limits that it was begun with, another --out, or --overwrite."
            )
        waiting = {name: item for name, item in items.items() if name not in set(present)}
        batch: list[Tokens] = []
        for done, item in enumerate(waiting.values(), len(present) + 1):
            try:
                batch.append(encode(item))
            except InputError as error:
                if self.strict:
                    raise
                self.skipped.append(str(error))
            if len(batch) == self.batch:
                self._append(side, batch)
            self.progress(side, done, len(items))
        self._append(side, batch)
        self.counts[side] = len(self.writer.ids(side))

    def _append(self, side: str, batch: list[Tokens]) -> None:
        if batch:
            name = f"/{side} ('{batch[0].ids[0]}' to '{batch[-1].ids[0]}')"
            self.writer.append(side, replace(joined(batch), name=name))
            batch.clear()


def joined(items: Sequence[Tokens]) -> Tokens:
    """Return the items of several Tokens as one; all must have the same columns."""
    first = items[0]
    return replace(
        first,
        ids=np.concatenate([item.ids for item in items]),
        tokens=np.concatenate([item.tokens for item in items]),
        offsets=offsets_of(np.concatenate([item.lengths for item in items])),
        global_vectors=np.concatenate([item.global_vectors for item in items]),
        item_columns={
            key: np.concatenate([item.item_columns[key] for item in items])
            for key in first.item_columns
        },
        token_columns={
            key: np.concatenate([item.token_columns[key] for item in items])
            for key in first.token_columns
        },
    )


def _tokens(name: str, encoded: Encoded, columns: Mapping[str, NDArray[Any]]) -> Tokens:
    """Return one encoded item with its token columns.

    Raises:
        InputError: the encoder gave a number that is not finite.
    """
    if not (np.isfinite(encoded.tokens).all() and np.isfinite(encoded.global_vector).all()):
        raise InputError(f"The encoder gave NaN or infinity for '{name}'.")
    return Tokens(
        ids=_strings([name]),
        tokens=encoded.tokens,
        offsets=offsets_of([len(encoded.tokens)]),
        global_vectors=encoded.global_vector[None],
        token_columns=columns,
    )


def _strings(values: Sequence[str]) -> NDArray[Any]:
    return np.array(list(values), dtype=np.dtypes.StringDType())
