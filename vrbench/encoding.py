"""Encoding the items of a side, batch by batch, into a feature file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vrbench.captions import Caption
from vrbench.encoders import LoadedEncoder
from vrbench.errors import InputError
from vrbench.features.tokens import Tokens
from vrbench.features.writer import FeatureWriter
from vrbench.packing import joined, packed, strings
from vrbench.video import Clip, Videos

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

    def videos(self, side: str, source: Videos, ids: Iterable[str]) -> None:
        """Append the videos that the side does not have yet, in the order of ``ids``."""

        def encode(video: str) -> Tokens:
            clip = source.read(video)
            encoded = self.encoder.video(clip)
            frame = clip.numbers if encoded.frame is None else encoded.frame
            columns: dict[str, NDArray[Any]] = {"frame": np.array(frame, dtype=np.int64)}
            if source.timed:
                columns["time"] = _times(clip, columns["frame"])
            if encoded.level is not None:
                columns["level"] = encoded.level
            return packed(video, encoded, columns)

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
            item = packed(caption.id, encoded, {"words": strings(encoded.words)})
            video = np.array([rows[caption.video]], dtype=np.int64)
            return replace(item, item_columns={"captions": strings([caption.text]), "video": video})

        self._side(side, items, encode)

    def _side(self, side: str, items: Mapping[str, T], encode: Callable[[T], Tokens]) -> None:
        present = dict.fromkeys(self.writer.ids(side))
        if foreign := [name for name in present if name not in items]:
            raise InputError(
                f"{self.writer.path} holds '{foreign[0]}' in /{side}, which is not asked for now: "
                "use the captions and limits that it was begun with, another --out, or --overwrite."
            )
        waiting = [item for name, item in items.items() if name not in present]
        done = len(present)
        with _workers() as pool:
            for start in range(0, len(waiting), self.batch):
                batch = []
                for result in pool.map(_attempt(encode), waiting[start : start + self.batch]):
                    done += 1
                    if isinstance(result, Tokens):
                        batch.append(result)
                    elif self.strict:
                        raise result
                    else:
                        self.skipped.append(str(result))
                    self.progress(side, done, len(items))
                self._append(side, batch)
        self.counts[side] = len(self.writer.ids(side))

    def _append(self, side: str, batch: Sequence[Tokens]) -> None:
        if batch:
            name = f"/{side} ('{batch[0].ids[0]}' to '{batch[-1].ids[0]}')"
            self.writer.append(side, replace(joined(batch), name=name))


def _times(clip: Clip, frame: NDArray[np.int64]) -> NDArray[np.float64]:
    """When the frame of each token is shown, in seconds; NaN where a token has no such time."""
    known = {} if clip.times is None else dict(zip(clip.numbers, clip.times, strict=True))
    return np.array([known.get(number, np.nan) for number in frame.tolist()], dtype=np.float64)


def _attempt(encode: Callable[[T], Tokens]) -> Callable[[T], Tokens | InputError]:
    def attempt(item: T) -> Tokens | InputError:
        try:
            return encode(item)
        except InputError as error:
            return error

    return attempt


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """One thread a core; an exception does not wait for items that are not begun."""
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
