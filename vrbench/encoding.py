"""Encoding the items of a side, batch by batch, into a feature file."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vrbench.captions import Caption
from vrbench.datasets import Annotations, Video
from vrbench.encoders import LoadedEncoder
from vrbench.errors import InputError
from vrbench.features.tokens import Tokens
from vrbench.features.writer import FeatureWriter
from vrbench.packing import columns, joined, packed, strings
from vrbench.video import Clip, Videos

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called as (side, items done or skipped, items of the side) after each item."""

AHEAD = 2
"""Items that are read and encoded ahead of the one that is waited for, for each core."""


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
        missing: side -> annotated items that the file does not have.
    """

    writer: FeatureWriter
    encoder: LoadedEncoder
    batch: int
    strict: bool
    progress: Progress
    skipped: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)

    def videos(self, side: str, media: Videos, part: Annotations) -> None:
        """Append the videos that the side does not have yet, in the order of ``part``."""

        def encode(video: Video) -> Tokens:
            clip = media.read(video.file or video.id, video.start, video.end)
            encoded = self.encoder.video(replace(clip, id=video.id))
            frame = clip.numbers if encoded.frame is None else encoded.frame
            per_token: dict[str, NDArray[Any]] = {"frame": np.array(frame, dtype=np.int64)}
            if media.timed:
                per_token["time"] = _times(clip, per_token["frame"])
            if encoded.level is not None:
                per_token["level"] = encoded.level
            item = packed(video.id, encoded, per_token)
            return replace(item, item_columns=columns(**part.columns(video)))

        self._side(side, {video.id: video for video in part.videos}, encode)
        self.missing[side] = len(part.videos) - self.counts[side]

    def texts(self, side: str, videos: str, part: Annotations) -> None:
        """Append the captions of the videos that the side ``videos`` holds.

        The captions of a video that was skipped are left out with it. A caption has the sequence,
        place, times and label of its video.
        """
        rows = {video: row for row, video in enumerate(self.writer.ids(videos))}
        items = {caption.id: caption for caption in part.captions if caption.video in rows}
        said = {video.id: part.columns(video) for video in part.videos}

        def encode(caption: Caption) -> Tokens:
            encoded = self.encoder.text(caption) if caption.text else None
            if encoded is None or not encoded.words:
                raise InputError(f"Caption '{caption.id}' ({caption.text!r}) holds no word.")
            item = packed(caption.id, encoded, {"words": strings(encoded.words)})
            row = rows[caption.video]
            per_item = columns(captions=caption.text, video=row, **said[caption.video])
            return replace(item, item_columns=per_item)

        self._side(side, items, encode)
        self.missing[side] = part.n_texts - self.counts[side]

    def _side(self, side: str, items: Mapping[str, T], encode: Callable[[T], Tokens]) -> None:
        present = dict.fromkeys(self.writer.ids(side))
        if foreign := [name for name in present if name not in items]:
            raise InputError(
                f"{self.writer.path} holds '{foreign[0]}' in /{side}, which is not asked for now: "
                "use the captions and limits that it was begun with, another --out, or --overwrite."
            )
        waiting = [item for name, item in items.items() if name not in present]
        done, batch = len(present), []
        for result in _attempts(encode, waiting):
            done += 1
            if isinstance(result, Tokens):
                batch.append(result)
            elif self.strict:
                raise result
            else:
                self.skipped.append(str(result))
            self.progress(side, done, len(items))
            if len(batch) == self.batch:
                self._append(side, batch)
                batch = []
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


def _attempts(encode: Callable[[T], Tokens], items: Iterable[T]) -> Iterator[Tokens | InputError]:
    """Yield the outcome for each item, in order, while the next ones are already being encoded."""
    with _workers() as (pool, cores):
        begun: deque[Future[Tokens | InputError]] = deque()
        for item in items:
            begun.append(pool.submit(_attempt, encode, item))
            if len(begun) > AHEAD * cores:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def _attempt(encode: Callable[[T], Tokens], item: T) -> Tokens | InputError:
    try:
        return encode(item)
    except InputError as error:
        return error


@contextmanager
def _workers() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """One thread a core; an exception does not wait for items that are not begun."""
    cores = os.cpu_count() or 1
    pool = ThreadPoolExecutor(cores)
    try:
        yield pool, cores
    finally:
        pool.shutdown(cancel_futures=True)
