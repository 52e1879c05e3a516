"""Videos read back from files, and whether their frames are those that went in."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.video import Clip, Videos, open_videos, parse_sampling

GREY_LEVELS = 3.0
"""Mean absolute difference, of 255, that crf 10 and half the chroma samples may make."""


def videos(folder: Path, frames: str = "all") -> Videos:
    return open_videos(folder, parse_sampling(frames))


def pixels(image: Any) -> NDArray[np.float64]:
    return np.asarray(image, dtype=np.float64)


def assert_alike(clip: Clip, images: list[Any], tolerance: float = GREY_LEVELS) -> None:
    """Each decoded frame is the one that went in, and nearer to it than to any other."""
    for image, number in zip(clip.images, clip.numbers, strict=True):
        assert image.size == images[number].size
        distances = [np.abs(pixels(image) - pixels(other)).mean() for other in images]
        assert distances[number] < tolerance
        assert int(np.argmin(distances)) == number
