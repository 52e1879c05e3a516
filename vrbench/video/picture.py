"""Converting a decoded frame to an upright RGB image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vrbench.runtime.extras import needed
from vrbench.video.container import damaged

_TURNS = {
    (1, 0, 0, 1): "",
    (-1, 0, 0, 1): "FLIP_LEFT_RIGHT",
    (1, 0, 0, -1): "FLIP_TOP_BOTTOM",
    (-1, 0, 0, -1): "ROTATE_180",
    (0, 1, -1, 0): "ROTATE_270",
    (0, -1, 1, 0): "ROTATE_90",
    (0, 1, 1, 0): "TRANSPOSE",
    (0, -1, -1, 0): "TRANSVERSE",
}
"""Signs (a, b, c, d) of a display matrix -> Pillow's name of the transpose.

A pixel at (x, y), y down, is shown at (a x + c y, b x + d y).
"""


def picture(frame: Any, path: Path, video: str) -> Any:
    """Turn an ``av.VideoFrame`` into an RGB ``PIL.Image``, upright as its display matrix says.

    Colours are converted by swscale with bicubic chroma and exact rounding, the same on every
    machine. Matrix, range and place of the chroma samples are those that the stream names; BT.601,
    limited, where it names none, as ffmpeg does. Pixels that are not square stay as stored.

    Raises:
        InputError: the display matrix turns by a part of a quarter.
    """
    pil = needed("PIL.Image", "video")
    how = needed("av.video.reformatter", "video").Interpolation
    flags = how.BICUBIC | how.FULL_CHR_H_INT | how.ACCURATE_RND | how.BITEXACT
    image = frame.to_image(interpolation=flags, threads=1)
    turn = _TURNS.get(_signs(frame))
    if turn is None:
        what = f"is to be shown turned by {frame.rotation} degrees, no multiple of 90"
        raise damaged(path, video, what)
    return image.transpose(pil.Transpose[turn]) if turn else image


def _signs(frame: Any) -> tuple[int, int, int, int]:
    kind = needed("av.sidedata.sidedata", "video").Type.DISPLAYMATRIX
    data = frame.side_data.get(kind)
    if data is None:
        return (1, 0, 0, 1)
    a, b, _, c, d, *_ = np.sign(np.frombuffer(bytes(data), dtype=np.int32)).tolist()
    return a, b, c, d
