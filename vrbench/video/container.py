"""Opening the video stream of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.runtime.extras import needed

CONTAINERS = (
    *("asf", "avi", "flv", "gif", "matroska", "mov", "mpeg", "mpegts", "ogg"),
    *("h264", "hevc", "m4v", "mpegvideo"),
)
"""libav's names of the containers, and of streams without one, that are read whatever a file is
called: for others, such as playlists (HLS, DASH, ffconcat, SDP), it opens files and connections."""


@contextmanager
def video_stream(path: Path, video: str) -> Iterator[tuple[Any, Any]]:
    """Yield the open ``av`` container and its first stream of moving pictures.

    One thread decodes: extraction runs one video on each core, and the frames are the same.

    Raises:
        InputError: the file is empty, no video, or has no video stream.
    """
    av = needed("av", "video")
    try:
        if path.stat().st_size == 0:
            raise InputError(
                f"{path}, video '{video}', is empty (0 bytes): fetch it again or leave it out."
            )
        # titles of old files are in any encoding; an absolute path cannot look like a protocol
        options = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}
        container = av.open(str(path.absolute()), options=options, metadata_errors="ignore")
    except OSError as error:
        raise InputError(
            f"{path}, video '{video}', cannot be read: {error.strerror or error}; make it "
            "readable or leave it out."
        ) from error
    except av.FFmpegError as error:
        # libav's error for a container that is not among them
        other = isinstance(error, av.ArgumentError)
        reason = f"expected {', '.join(CONTAINERS)}" if other else error.strerror
        raise InputError(
            f"{path}, video '{video}', is no video, or cut off before its index "
            f"({reason}): fetch it again or leave it out."
        ) from error
    with container:
        cover = av.stream.Disposition.attached_pic
        streams = [s for s in container.streams.video if not s.disposition & cover]
        if not streams:
            kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
            raise InputError(
                f"{path}, video '{video}', has no video stream (it holds {kinds}): fetch the "
                "pictures too or leave it out."
            )
        if streams[0].codec_context is None:
            raise damaged(path, video, "is in a codec that is not known here")
        streams[0].codec_context.thread_count = 1
        yield container, streams[0]


def damaged(path: Path, video: str, what: str) -> InputError:
    """Return the error of a file that contradicts its container."""
    return InputError(f"{path}, video '{video}', {what}: fetch it again or leave it out.")
