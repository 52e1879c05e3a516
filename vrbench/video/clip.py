"""The frames of a video that an encoder gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Clip:
    """The chosen frames of a video, or of a segment of it.

    Attributes:
        id: the video's id.
        images: the chosen frames, RGB ``PIL.Image``, in time order. Those of a long clip are
            decoded on access: go through them once, in order, a window at a time.
        numbers: number of each frame in the video, from 0 in presentation order.
        times: (n,) presentation time of each frame, in seconds since the first frame of the video
            stream (not of the segment); None for folders of frames, which have no time axis.
    """

    id: str
    images: Sequence[Any]
    numbers: Sequence[int]
    times: NDArray[np.float64] | None = None
