"""Pairs that only the right weights of a head can see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles import l2

from vrbench.features import Tokens
from vrbench.features.tokens import offsets_of
from vrbench.features.writer import FeatureWriter

Array = NDArray[Any]
WIDTH = 16


def turned(path: Path, n: int, seed: int) -> Path:
    """Texts lie in the space of their videos turned by a matrix, which is always the same."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(np.random.default_rng(99).standard_normal((WIDTH, WIDTH))).Q
    pairs = l2(rng.standard_normal((n, WIDTH)))
    videos = [one + 0.05 * rng.standard_normal((3, WIDTH)) for one in pairs]
    texts = [one @ turn + 0.05 * rng.standard_normal((4, WIDTH)) for one in pairs]
    return _write(path, texts, videos, seed)


def marked(path: Path, n: int, seed: int) -> Path:
    """Of the four patches of a frame the marked one is of the pair; three are other texts'."""
    rng = np.random.default_rng(seed)
    mark = 0.8 * np.eye(WIDTH)[0]
    pairs = rng.standard_normal((n, WIDTH))
    pairs[:, 0] = 0
    pairs = l2(pairs)
    videos = []
    for own in range(n):
        frames = []
        for _ in range(2):
            others = rng.choice(np.delete(np.arange(n), own), 3, replace=False)
            patches = np.concatenate([pairs[[own]] + mark, pairs[others]])
            frames += [0.5 + 0.3 * rng.standard_normal((1, WIDTH)), rng.permutation(patches)]
        videos.append(np.concatenate(frames))
    texts = [one + 0.1 * rng.standard_normal((3, WIDTH)) for one in pairs]
    level = np.tile(np.array([0, 1, 1, 1, 1], np.uint8), 2 * n)
    number = np.tile(np.repeat([0, 1], 5), n)
    return _write(path, texts, videos, seed, level=level, frame=number)


def _write(
    path: Path, texts: Sequence[Array], videos: Sequence[Array], seed: int, **columns: Array
) -> Path:
    n = len(texts)
    sides = {"video": (videos, {}, columns), "text": (texts, {"video": np.arange(n)}, {})}
    with FeatureWriter(path, {"dataset": "planted"}, "float32") as writer:
        for name, (items, of_items, of_tokens) in sides.items():
            ids = np.array([f"{name}{seed}-{i}" for i in range(n)])
            offsets = offsets_of([len(item) for item in items])
            tokens = Tokens(
                ids, np.concatenate(items), offsets, item_columns=of_items,
                token_columns=of_tokens, name=name,
            )  # fmt: skip
            writer.append(name, tokens)
        writer.finish()
    return path
