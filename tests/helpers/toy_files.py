"""Video files, encoded from images, for the tests of what decodes them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CENTRED = {"x264-params": "chromaloc=1"}
"""Chroma lies between the pixels, where the conversion from RGB puts it; H.264 else says left."""

CODECS = {
    "libx264": {"crf": "10", "g": "12", "bf": "3", "b_strategy": "0"} | CENTRED,
    "libvpx-vp9": {"crf": "10", "b": "0", "g": "12", "deadline": "realtime", "cpu-used": "8"},
}
"""Settings of codecs: short groups of pictures, B-frames where there are any."""

MS = Fraction(1, 1000)


def moving(frames: int, size: tuple[int, int] = (96, 64), seed: int = 0) -> list[Any]:
    """Draw smooth random colours that drift to the left, another picture in each frame."""
    width, height = size
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (height // 8, (width + 4 * frames) // 8 + 1, 3), dtype=np.uint8)
    wide = Image.fromarray(rough).resize((rough.shape[1] * 8, height), Image.Resampling.BICUBIC)
    return [wide.crop((4 * i, 0, 4 * i + width, height)) for i in range(frames)]


def write_video(
    path: Path,
    images: Sequence[Any],
    codec: str = "libx264",
    *,
    times: Sequence[int] | None = None,
    rate: int = 25,
    turn: int = 0,
    hflip: bool = False,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
) -> Path:
    """Encode images; ``times`` are in milliseconds, else ``rate`` frames a second."""
    import av

    as_frame: Any = av.VideoFrame.from_image
    with av.open(path, "w", options=container or {}) as file:
        settings = {**CODECS.get(codec, {}), **(options or {})}
        stream: Any = file.add_stream(codec, rate=rate, options=settings)
        stream.width, stream.height = images[0].size
        stream.pix_fmt = "yuv420p"
        if turn or hflip:
            stream.set_display_rotation(turn, hflip=hflip)
        if times is not None:
            stream.codec_context.time_base = MS
        for number, image in enumerate(images):
            frame = as_frame(image)
            if times is not None:
                frame.pts, frame.time_base = times[number], MS
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write a file with one second of silence and no pictures."""
    import av

    with av.open(path, "w") as file:
        stream = file.add_stream("aac", rate=16000)
        for start in range(0, 16000, 1024):
            silence = np.zeros((1, 1024), dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(silence, "fltp", "mono")
            frame.sample_rate, frame.pts = 16000, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path
