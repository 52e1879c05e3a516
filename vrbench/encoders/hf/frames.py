"""Frames as the numbers that an image tower takes, by the library's processors for Pillow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vrbench.encoders.hf.folder import Folder
from vrbench.encoders.hf.loading import EXTRA
from vrbench.errors import InputError
from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading

TAKEN = ("pixel_values", "pixel_attention_mask", "spatial_shapes", "image_grid_thw")
"""Outputs of processors that towers take."""
LARGEST = 4096
"""Most pixels of a side, which bounds memory."""
PLAIN = "CLIPImageProcessor"
"""Resize, crop, scale and standardize, each where the settings ask for it: in the place of video
processors, which need torchvision and do the same to each frame."""

_NAME = re.compile(r"(\w+?)(ImageProcessor|FeatureExtractor|VideoProcessor)(Fast|Pil)?")


class Frames:
    """The preprocessing that belongs to a model.

    Raises:
        InputError: there is no such processor without torchvision, or its settings are bad.
    """

    def __init__(self, folder: Folder) -> None:
        self._where = f"The preprocessing in {folder.files[1]}"
        settings = {k: v for k, v in folder.preprocessing.items() if not k.endswith("_type")}
        settings.pop("processor_class", None)
        for name in ("size", "crop_size"):
            _check_size(settings.get(name), self._where)
        kind = _kind(folder.preprocessing, self._where)
        with reading(self._where, "mend it", "cannot be used"):
            self._processor = kind.from_dict(settings)

    def __call__(self, images: Sequence[Any]) -> Mapping[str, Any]:
        """RGB ``PIL.Image`` (n,) -> the tensors that ``get_image_features`` takes."""
        with reading(self._where, "mend it", "fits no frame"):
            found = self._processor(images=list(images), return_tensors="pt")
        taken = {name: found[name] for name in TAKEN if name in found}
        pixels = taken.get("pixel_values")
        if pixels is None:
            raise InputError(f"{self._where} gives no pixel_values: give an image model's.")
        if pixels.ndim == 5:  # of a video: frames stand second
            taken["pixel_values"] = pixels.flatten(0, 1)
        return taken


def noise(n: int, seed: int = 0) -> list[Any]:
    """Return n random images, to try a model on."""
    image = needed("PIL.Image", EXTRA)
    random = np.random.default_rng(seed)
    made = random.integers(0, 256, (n, 96, 128, 3), dtype=np.uint8)
    return [image.fromarray(one) for one in made]


def _kind(settings: Mapping[str, Any], where: str) -> Any:
    """Return the processor's class, the one for Pillow where there are several."""
    transformers = needed("transformers", EXTRA)
    keys = ("image_processor_type", "feature_extractor_type", "video_processor_type")
    said = next((settings[key] for key in keys if settings.get(key)), PLAIN)
    match = _NAME.fullmatch(str(said))
    if match is None:
        raise InputError(f"{where} names '{said}', which is no image processor of transformers.")
    name = PLAIN if match[2] == "VideoProcessor" else f"{match[1]}ImageProcessor"
    for known in (f"{name}Pil", name):
        kind = getattr(transformers, known, None)
        # a class that cannot be had here is there in name only, and refuses to be used
        if kind is not None and hasattr(kind, "from_dict"):
            return kind
    raise InputError(
        f"{where} names '{said}', which transformers {transformers.__version__} does not know or "
        "has for torchvision only: code in a model's folder is not run."
    )


def _check_size(size: Any, where: str) -> None:
    """Check sides in pixels; where both edges are named they may count the pixels of an area."""
    sides = size if isinstance(size, dict) else {"height": size}
    areas = {"shortest_edge", "longest_edge"} <= sides.keys()
    for name, value in sides.items():
        bad = value is not None and not (isinstance(value, int) and value > 0)
        if bad or (value is not None and value > LARGEST ** (2 if areas else 1)):
            raise InputError(f"{where} gives {name} = {value}, expected 1 to {LARGEST:,} pixels.")
