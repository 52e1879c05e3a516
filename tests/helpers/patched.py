"""Videos of frames and patches, and heads for xclip and ucofia, made from seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features import Tokens
from vrbench.features.tokens import offsets_of
from vrbench.features.writer import FeatureWriter

Array = NDArray[Any]
WIDTH = 6
TEXTS = (3, 1, 5, 2)
COUNTS: tuple[tuple[int, ...], ...] = ((4, 4), (2,), (4, 4, 4), (1, 5, 2), (4, 4))
"""Patches of each frame of each video."""


def texts(rng: np.random.Generator, lengths: Sequence[int] = TEXTS) -> list[Array]:
    return [rng.uniform(0.3, 2) * rng.standard_normal((n, WIDTH)) for n in lengths]


def frames(rng: np.random.Generator, counts: Sequence[Sequence[int]] = COUNTS) -> list[list[Array]]:
    """Of each video each frame, (1 + patches, d), [CLS] first."""
    return [[rng.standard_normal((1 + n, WIDTH)) for n in video] for video in counts]


def video_tokens(videos: Sequence[Sequence[Array]], *, normalized: bool = True) -> Tokens:
    """The videos as a feature file has them, with the number of each token's frame."""
    items = [np.concatenate(video) for video in videos]
    level = [np.arange(len(frame)) > 0 for video in videos for frame in video]
    number = [np.full(len(frame), 7 * i) for video in videos for i, frame in enumerate(video)]
    columns = {"level": np.concatenate(level).astype(np.uint8), "frame": np.concatenate(number)}
    ids = np.array([f"video{i}" for i in range(len(items))])
    return Tokens(
        ids, np.concatenate(items), offsets_of([len(x) for x in items]), normalized=normalized,
        token_columns=columns, name="video",
    )  # fmt: skip


def text_tokens(items: Sequence[Array], *, normalized: bool = True) -> Tokens:
    ids = np.array([f"text{i}" for i in range(len(items))])
    offsets = offsets_of([len(x) for x in items])
    return Tokens(ids, np.concatenate(items), offsets, normalized=normalized, name="text")


def selector(
    rng: np.random.Generator, width: int = WIDTH, *, narrow: bool = False
) -> dict[str, Array]:
    seen, hidden, out = (width if narrow else 2 * width), 5, 4
    return {
        "in_conv.0.weight": rng.uniform(0.5, 1.5, seen),
        "in_conv.0.bias": rng.standard_normal(seen),
        "in_conv.1.weight": rng.standard_normal((hidden, seen)),
        "out_conv.0.weight": 0.3 * rng.standard_normal((out, 2 * hidden)),
        "out_conv.2.weight": 0.3 * rng.standard_normal((1, out)),
    }


def _square(rng: np.random.Generator, size: int, spread: float) -> Array:
    return np.asarray(np.eye(size) + spread * rng.standard_normal((size, size)))


def ucofia_arrays(rng: np.random.Generator, words: int = 7, most: int = 4) -> dict[str, Array]:
    """A head for ucofia, by the names of the method (without ``ucofia.``)."""
    sizes = {
        **dict.fromkeys(("global_mat_weight", "global_mat_weight_1"), WIDTH),
        **dict.fromkeys(("local_mat_weight", "local_mat_weight1"), WIDTH),
        **dict.fromkeys(("word_mat_weight", "word_mat_weight2"), words),
        **dict.fromkeys(("pixel_mat_weight", "pixel_mat_weight2"), 4 * most),
        "frame_logit_weight": most,
    }
    found = {name: _square(rng, size, 0.02) for name, size in sizes.items()}
    return found | {f"selector.{name}": w for name, w in selector(rng).items()}


def xclip_arrays(rng: np.random.Generator, words: int = 7, most: int = 4) -> dict[str, Array]:
    sizes = {
        **dict.fromkeys(("global_mat_weight", "local_mat_weight"), WIDTH),
        **dict.fromkeys(("word_logit_weight", "word_mat_weight", "word_mat_weight2"), words),
        **dict.fromkeys(("frame_logit_weight", "frame_mat_weight", "frame_mat_weight2"), most),
    }
    return {name: _square(rng, size, 0.2) for name, size in sizes.items()}


def head(name: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {f"{name}.{key}": value for key, value in arrays.items()}


def write_patched(path: Path, seed: int = 0, counts: Sequence[int] = (1, 2, 1, 1, 3, 1)) -> Path:
    """A feature file of frames and patches with a bank; ``counts`` texts of each video."""
    rng = np.random.default_rng(seed)
    with FeatureWriter(path, {"dataset": "patched"}, "float32") as writer:
        for prefix, n, texts_of in (("", len(counts), counts), ("bank/", 5, (2, 1, 1, 1, 2))):
            videos = frames(rng, [tuple(rng.integers(1, 5, rng.integers(1, 4))) for _ in range(n)])
            owner = np.repeat(np.arange(n), texts_of)
            near = [videos[row][0][:1] + rng.standard_normal((int(rng.integers(1, 6)), WIDTH))
                    for row in owner]  # fmt: skip
            video, text = video_tokens(videos), text_tokens(near)
            video = replace(video, ids=np.array([f"{prefix}{i}" for i in video.ids]))
            text = replace(text, ids=np.array([f"{prefix}{i}" for i in text.ids]))
            writer.append(f"{prefix}video", video)
            writer.append(f"{prefix}text", replace(text, item_columns={"video": owner}))
        writer.finish()
    return path
