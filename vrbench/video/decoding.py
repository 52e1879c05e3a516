"""Decoding chosen frames of a video file, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from vrbench.errors import InputError
from vrbench.runtime.extras import needed
from vrbench.video.container import damaged, video_stream
from vrbench.video.picture import picture
from vrbench.video.timeline import Timeline

WORTH = 16
"""Least frames that a jump to a keyframe must save, since it resets the decoder."""


class LostFrameError(InputError):
    """A packet gave no frame at its time stamp."""


class DecodedFrames(Sequence[Any]):
    """The chosen frames of a video file, decoded on access; one is in memory at a time.

    If they are read in order, each is decoded once. Not for several threads at once.

    Raises:
        InputError: on access, where a frame cannot be decoded.
    """

    def __init__(self, path: Path, video: str, line: Timeline, numbers: Sequence[int]) -> None:
        self._file, self._line, self._numbers = (path, video), line, numbers
        self._at, self._image = -1, None
        self._source: Iterator[Any] = iter(())

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if place != self._at:
            if place != self._at + 1 or place == 0:
                self._source = decode(*self._file, self._line, self._numbers[place:])
            self._image, self._at = next(self._source), place
        return self._image


def decode(path: Path, video: str, line: Timeline, numbers: Sequence[int]) -> Iterator[Any]:
    """Yield the frames ``numbers``, ascending, as upright RGB ``PIL.Image``.

    It jumps over frames that are not needed. Where that fails, as in streams that cannot be entered
    at their keyframes, it decodes from the start.

    Raises:
        LostFrameError: a packet gave no frame.
        InputError: a frame that is needed is damaged.
    """
    av = needed("av", "video")
    done = 0
    try:
        for image in _frames(path, video, line, numbers, jump=True):
            yield image
            done += 1
        return
    except (LostFrameError, av.FFmpegError):
        place = int(numbers[done])
    try:
        yield from _frames(path, video, line, numbers[done:], jump=False)
    except av.FFmpegError as error:
        what = f"is damaged at or before frame {place} of {len(line.ticks)} ({error.strerror})"
        raise damaged(path, video, what) from error


def _frames(
    path: Path, video: str, line: Timeline, numbers: Sequence[int], jump: bool
) -> Iterator[Any]:
    starts = line.keys if jump and len(line.keys) else np.zeros(1, dtype=np.int64)
    with video_stream(path, video) as (container, stream):
        frames, at = container.decode(stream), -1
        frame: Any = None
        for number in numbers:
            start = int(starts[starts <= number].max(initial=0))
            if start - at > WORTH:
                container.seek(int(line.ticks[start]), stream=stream)
                frames = container.decode(stream)
            while at < number:
                frame = next(frames, None)
                at = _number(line, frame, at)
                if at > number or (frame.is_corrupt and at >= start):
                    lost = f"gives no sound frame {number} of {len(line.ticks)}"
                    raise LostFrameError(str(damaged(path, video, lost)))
            yield picture(frame, path, video)


def _number(line: Timeline, frame: Any, last: int) -> int:
    """Return a decoded frame's number in the timeline; beyond its end if it is not in it."""
    if frame is None:
        return len(line.ticks)
    if not len(line.keys):
        return last + 1
    same = np.flatnonzero(line.ticks == frame.pts)
    return int(same[0]) if len(same) else len(line.ticks)
