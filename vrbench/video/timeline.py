"""The presentation times of the frames of a video file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading
from vrbench.video.container import damaged, video_stream

SLACK = 0.5
"""Seconds by which the data may end before the container's duration: the last frame may be long."""

LONGEST = 1_000_000
"""Seconds, 11 days, after which a time stamp is taken for damage."""

STATED = ("asf", "avi", "flv", "matroska", "mov")
"""Containers that store their duration; for others libav estimates it from the data."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """The frames of a video stream.

    Attributes:
        ticks: (n,) time stamps of the frames, ascending: frame i is the i-th shown.
        tick: seconds of a tick.
        keys: numbers of the frames at which decoding may begin, ascending; empty where time stamps
            do not tell frames apart, which are then counted from the start.
    """

    ticks: NDArray[np.int64]
    tick: Fraction
    keys: NDArray[np.int64]

    @property
    def times(self) -> NDArray[np.float64]:
        """(n,) seconds since the first frame."""
        since = (self.ticks - self.ticks[0]) * self.tick.numerator
        return np.asarray(since / self.tick.denominator, dtype=np.float64)


def read_timeline(path: Path, video: str) -> Timeline:
    """Read the time stamps of all packets, without decoding them.

    Packets that an edit list hides show no frame. Where packets have no time stamps, or two of them
    have the same, frames are counted by decoding.

    Raises:
        InputError: the file is no video, damaged, or ends before its container says.
    """
    with video_stream(path, video) as (container, stream), _reading(path, video):
        stamps = _stamps(path, video, container, stream)
        tick = stream.time_base
        known = sorted((pts, key) for pts, key in stamps if pts is not None)
        ticks = np.array([pts for pts, _ in known], dtype=np.int64)
        if tick is None or tick <= 0:
            raise damaged(path, video, "does not say how long a tick of its time stamps is")
    if not stamps or len(known) < len(stamps) or (np.diff(ticks) == 0).any():
        return count_frames(path, video)
    _check_length(path, video, int(ticks[-1]) - int(ticks[0]), tick)
    return Timeline(ticks, tick, np.flatnonzero([key for _, key in known]))


def _stamps(path: Path, video: str, container: Any, stream: Any) -> list[tuple[int | None, bool]]:
    """Time stamp of each packet that shows a frame, and whether it is a keyframe."""
    av = needed("av", "video")
    stamps, reached, torn = [], 0.0, False
    try:
        # all streams: the sound may be what reaches the stated end
        for packet in container.demux():
            reached = max(reached, _end(packet))
            if packet.stream_index == stream.index and packet.size:
                torn = packet.is_corrupt
                if not packet.is_discard:
                    stamps.append((packet.pts, packet.is_keyframe))
    except av.FFmpegError as error:
        raise damaged(path, video, f"breaks off ({error.strerror})") from error
    except IndexError as error:  # av looks up a stream that was not there when it began
        what = "has streams that begin in the middle, as spliced or damaged ones do"
        raise damaged(path, video, what) from error
    stated = _stated(container, stream)
    if torn or (stated is not None and reached < stated - SLACK):
        says = "" if stated is None else f", its container says {stated:.2f} s"
        raise damaged(path, video, f"is cut off: its data end at {reached:.2f} s{says}")
    return stamps


def _reading(path: Path, video: str) -> AbstractContextManager[None]:
    return reading(f"{path}, video '{video}',", "fetch it again or leave it out")


def _check_length(path: Path, video: str, ticks: int, tick: Fraction) -> None:
    if ticks * tick > LONGEST:
        raise damaged(path, video, f"has frames that are more than {LONGEST:,} s apart")


def count_frames(path: Path, video: str) -> Timeline:
    """Decode all frames for their times; frames without times follow the frame rate.

    Raises:
        InputError: the file is no video, damaged, or holds no frame.
    """
    av = needed("av", "video")
    with video_stream(path, video) as (container, stream), _reading(path, video):
        try:
            found = [(frame.pts, frame.is_corrupt) for frame in container.decode(stream)]
        except av.FFmpegError as error:
            raise damaged(path, video, f"cannot be decoded ({error.strerror})") from error
        tick, rate = stream.time_base, stream.average_rate
    stamps = [pts for pts, _ in found]
    if any(corrupt for _, corrupt in found):
        raise damaged(path, video, f"has a damaged frame among its {len(found)}")
    if not stamps or (None in stamps and not rate):
        what = "has frames without times, and no frame rate" if stamps else "holds no frame"
        raise damaged(path, video, what)
    none = np.zeros(0, dtype=np.int64)
    if None in stamps or (np.diff(stamps) <= 0).any():
        return Timeline(np.arange(len(stamps)), 1 / rate, none)
    _check_length(path, video, stamps[-1] - stamps[0], tick)
    return Timeline(np.array(stamps, dtype=np.int64), tick, none)


def _end(packet: Any) -> float:
    """Return the end of a packet in seconds; 0 where it is unknown."""
    start = packet.dts if packet.pts is None else packet.pts
    return 0.0 if start is None else float((start + (packet.duration or 0)) * packet.time_base)


def _stated(container: Any, stream: Any) -> float | None:
    """Return the earliest end of the data by the container, in seconds; None where unknown."""
    if not container.format.name.startswith(STATED):
        return None
    if container.format.name == "avi" and stream.average_rate:
        return float(stream.frames / stream.average_rate)
    return None if container.duration is None else float(container.duration) / 1e6
