"""CLIP's preprocessing: from an image to the input of its image tower."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.encoders.clip.config import OPEN_CLIP, read_config
from vrbench.encoders.clip.files import PREPROCESSING
from vrbench.errors import InputError
from vrbench.runtime.extras import needed

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

Crop = Literal["transformers", "openai"]


@dataclass(frozen=True)
class ClipPixels:
    """Resize (bicubic, shorter side = ``size``), crop the centre, scale to [0, 1], standardize.

    Source: openai/CLIP ``clip.py`` (torchvision on PIL images) and transformers'
    ``CLIPImageProcessorPil``; both cut the longer side down to a whole number of pixels.

    Attributes:
        size: side of the square, in pixels.
        mean: of red, green and blue on [0, 1].
        std: likewise.
        crop: where the square begins when an odd number of pixels d is cut off: at ``d // 2``
            (``transformers``) or at d / 2 rounded to even (``openai``, by torchvision). They
            differ by one pixel where d % 4 is 3, as for frames of 299 x 224.
    """

    size: int = 224
    mean: Sequence[float] = MEAN
    std: Sequence[float] = STD
    crop: Crop = "transformers"

    def __call__(self, image: Any) -> NDArray[np.float32]:
        """RGB ``PIL.Image`` -> (3, size, size)."""
        bicubic = needed("PIL.Image", "clip").Resampling.BICUBIC
        short = min(image.size)
        width, height = (int(self.size * side / short) for side in image.size)
        left, top = self._start(width), self._start(height)
        image = image.resize((width, height), bicubic)
        image = image.crop((left, top, left + self.size, top + self.size))
        unit = (np.asarray(image, dtype=np.float64) / 255).astype(np.float32)
        mean, std = (np.array(three, dtype=np.float32) for three in (self.mean, self.std))
        pixels = (unit - mean) / std
        return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)

    def _start(self, side: int) -> int:
        spare = side - self.size
        return spare // 2 if self.crop == "transformers" else round(spare / 2)


MOST = 1e30
"""Far above any mean or deviation of pixels."""


def read_pixels(folder: Path, size: int, crop: Crop) -> tuple[ClipPixels, list[Path]]:
    """Return the preprocessing of the weights in ``folder``, and the files that were read for it.

    Mean and standard deviation come from ``preprocessor_config.json`` or the ``preprocess_cfg`` of
    ``open_clip_config.json``; without these files they are OpenAI's.

    Raises:
        InputError: the file cannot be read, or does not give three numbers.
    """
    file, names = folder / PREPROCESSING, ("image_mean", "image_std")
    found = read_config(file)
    if not found:
        file, names = folder / OPEN_CLIP, ("mean", "std")
        found = read_config(file).get("preprocess_cfg") or {}
    if not found:
        return ClipPixels(size, crop=crop), []
    if not isinstance(found, dict):
        raise InputError(f"{file} gives preprocess_cfg = {found}, expected an object.")
    mean, std = (found.get(name, usual) for name, usual in zip(names, (MEAN, STD), strict=True))
    if not all(map(_are_three, (mean, std))) or min(std) <= 0:
        raise InputError(f"{file} gives mean {mean} and std {std}: expected three numbers each.")
    return ClipPixels(size, tuple(mean), tuple(std), crop), [file]


def _are_three(values: Any) -> bool:
    """Whether it is a list of three numbers that float32 holds."""
    return (
        isinstance(values, list | tuple)
        and len(values) == 3
        and all(type(value) in (int, float) and abs(value) < MOST for value in values)
    )
