"""Token sets and feature files made from seeds, small enough for tests of the whole way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from captioned import make_captioned
from numpy.typing import NDArray
from oracles import AnyFloat

from vrbench.features import Tokens
from vrbench.features.tokens import offsets_of
from vrbench.features.writer import FeatureWriter

COUNTS = (1, 2, 0, 3, 1, 1, 2, 1)
"""Texts of each video of the small feature file; the third video has none."""

BANK_COUNTS = (2, 1, 3, 1, 2)
LENGTHS = (1, 2, 3, 5)
DIM = 16


def tokens_of(
    items: Sequence[AnyFloat],
    name: str = "video",
    *,
    vectors: AnyFloat | None = None,
    normalized: bool = True,
    video: Sequence[int] | NDArray[Any] | None = None,
    level: Sequence[int] | NDArray[Any] | None = None,
) -> Tokens:
    """Pack a list of (l, d) arrays; item i is called ``name`` and i."""
    return Tokens(
        ids=np.array([f"{name}{i}" for i in range(len(items))], dtype=np.dtypes.StringDType()),
        tokens=np.concatenate(items),
        offsets=offsets_of([len(item) for item in items]),
        global_vectors=vectors,
        normalized=normalized,
        item_columns={} if video is None else {"video": np.asarray(video, dtype=np.int64)},
        token_columns={} if level is None else {"level": np.asarray(level, dtype=np.uint8)},
        name=name,
    )


def write_features(
    path: Path,
    *,
    seed: int = 0,
    counts: Sequence[int] = COUNTS,
    bank: Sequence[str] = ("video", "text"),
    dim: int = DIM,
    noise: float = 1.5,
    normalized: bool = True,
    dtype: str = "float32",
    scale: float | None = None,
    prefix: str = "",
) -> Path:
    """Write a feature file of ``len(counts)`` videos, video j with ``counts[j]`` texts.

    Args:
        path: the file.
        seed: of all numbers.
        counts: texts of each video.
        bank: sides that the bank has.
        dim: width of a token.
        noise: of a token about its video's centre.
        normalized: the attribute of that name.
        dtype: storage type.
        scale: the encoder's logit scale, where it is to be said.
        prefix: of the names of videos and texts.
    """
    options = seed, dim, noise, normalized, dtype, scale, prefix
    path.write_bytes(_bytes(tuple(bank), tuple(counts), *options))
    return path


@cache
def _bytes(bank: tuple[str, ...], counts: tuple[int, ...], *more: Any) -> bytes:
    """The file's content, made once in a process: hundreds of tests begin with the same one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.h5"
        _write(path, bank, counts, *more)
        return path.read_bytes()


def _write(
    path: Path,
    bank: tuple[str, ...],
    counts: tuple[int, ...],
    seed: int,
    dim: int,
    noise: float,
    normalized: bool,
    dtype: str,
    scale: float | None,
    prefix: str,
) -> None:
    attrs = {"dataset": "small", "split": "test", "encoder": "seeded", "normalized": normalized}
    attrs |= {} if scale is None else {"scale": scale}
    texts, videos, owner = make_captioned(seed, counts, LENGTHS, dim, noise)
    with FeatureWriter(path, attrs, dtype) as writer:
        writer.append("video", tokens_of(videos, f"{prefix}video"))
        writer.append("text", tokens_of(texts, f"{prefix}text", video=owner))
        texts, videos, owner = make_captioned(seed + 1, BANK_COUNTS, LENGTHS, dim, noise)
        if "video" in bank:
            writer.append("bank/video", tokens_of(videos, "bankvideo"))
        if "text" in bank:
            links = owner if "video" in bank else None
            writer.append("bank/text", tokens_of(texts, "banktext", video=links))
        writer.finish()
