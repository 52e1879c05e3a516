"""Frames stored as images in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.runtime.extras import needed
from vrbench.runtime.files import listed
from vrbench.runtime.numeric_order import is_renumbered, numeric_keys, numeric_order

IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
FORMATS = ("BMP", "JPEG", "PNG", "WEBP")
"""Formats that are read, whatever a file's name: for others, such as EPS, Pillow runs programs."""


def is_image(path: Path) -> bool:
    """Whether a file has the name of an image."""
    return path.suffix.lower() in IMAGES


def frame_files(folder: Path, video: str) -> list[Path]:
    """Return the images of a folder in numeric order of their names.

    Raises:
        InputError: there is none, or two of them are the same frame.
    """
    files = numeric_order(_images(folder))
    if not files:
        raise InputError(f"{folder} holds no image: expected the frames of video '{video}'.")
    keys = numeric_keys(files)
    for place in range(1, len(files)):
        if keys[place - 1] == keys[place]:
            both = f"{files[place - 1].name} and {files[place].name}"
            raise InputError(f"{folder} holds a frame of video '{video}' twice, {both}: keep one.")
    return files


def is_folder_renumbered(folder: Path) -> bool:
    """Whether the frames of a folder are not in the order of their names as text."""
    return is_renumbered(_images(folder))


def _images(folder: Path) -> list[Path]:
    return [path for path in listed(folder) if is_image(path)]


def read_image(path: Path, video: str) -> Any:
    """Read one frame as an RGB ``PIL.Image``.

    Raises:
        InputError: it is damaged, no image of these formats, or has more pixels than Pillow's
            limit.
    """
    pil = needed("PIL.Image", "onnx")
    try:
        if not path.is_file():
            raise ValueError("it is no file")
        with pil.open(path, formats=FORMATS) as image:
            # Pillow itself only warns up to twice as many
            if image.width * image.height > pil.MAX_IMAGE_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels")
            return image.convert("RGB")
    # Pillow's decoders raise exceptions of many kinds over a damaged image.
    except Exception as error:
        reason = str(error).replace(repr(str(path)), "it").rstrip(".")
        raise InputError(
            f"{path}, a frame of video '{video}', cannot be read as an image ({reason}): "
            "replace it or leave it out."
        ) from error
