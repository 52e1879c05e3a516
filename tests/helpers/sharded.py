"""A feature file with every side and column that there is, and the same in parts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_features import LENGTHS, tokens_of

from vrbench.errors import InputError
from vrbench.extraction.sharding import shard_features
from vrbench.features import Tokens, open_features
from vrbench.features.writer import FeatureWriter

OWNER = np.array([0, 0, 1, 2, 2, 2, 4, 5])
"""Row of each text's video; video 3 has no text."""


def write_rich(path: Path) -> Path:
    """Write 6 videos, 8 texts, sounds of 4 videos and a bank of 3 videos and 5 texts."""
    attrs = {"dataset": "rich", "split": "test", "encoder": "seeded", "normalized": True}
    with FeatureWriter(path, attrs, "float32") as writer:
        writer.append("video", columned(_made(6, "v", 0), level=True))
        writer.append("text", columned(_made(8, "t", 1), video=OWNER))
        sounds = _made(4, "v", 2)
        writer.append("audio", replace(sounds, ids=_names(["v4", "v1", "v0", "v5"])))
        writer.append("bank/video", columned(_made(3, "bv", 3), level=True))
        writer.append("bank/text", columned(_made(5, "bt", 4), video=np.array([0, 1, 1, 2, 2])))
        missing = '{"video": 2, "text": 0}'
        writer.finish(notes='["Said of all."]', missing=missing)
    return path


def parts_of(folder: Path, n: int = 3) -> Path:
    """Return the whole of ``write_rich`` in ``n`` parts."""
    shard_features(write_rich(folder / "f.h5"), n, folder / "set")
    return folder / "set" / "all.h5"


def part(whole: Path, k: int) -> Path:
    """Return the path of part k, counted from 1, of 3."""
    return whole.with_name(f"part-0000{k}-of-00003.h5")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a whole in three parts, which nobody changes."""
    return parts_of(tmp_path_factory.mktemp("made"))


@pytest.fixture
def whole(made: Path, tmp_path: Path) -> Path:
    """Give a copy of it and of its parts."""
    return Path(shutil.copytree(made.parent, tmp_path / "set")) / made.name


def refused(whole: Path, says: str, read: Callable[[Path], Any] = open_features) -> None:
    """Expect a whole sentence of whatever reads a whole."""
    with pytest.raises(InputError, match=says) as error:
        read(whole)
    assert str(error.value).endswith("."), error.value


def _made(n: int, name: str, seed: int) -> Tokens:
    random = np.random.default_rng(seed)
    items = [random.standard_normal((LENGTHS[i % 3] + 1, 16)) for i in range(n)]
    return tokens_of(items, name, vectors=random.standard_normal((n, 16)))


def columned(side: Tokens, *, level: bool = False, video: np.ndarray | None = None) -> Tokens:
    """Give a side columns of items and of tokens; later strings are longer."""
    n, rows = len(side), len(side.tokens)
    items = {
        "sequence": _names(["s" * (9 * i + 1) for i in range(n)]),
        "position": np.arange(n),
        "start": np.arange(n) / 3,
        "label": _names(["", *["ä" * i for i in range(1, n)]]),
    }
    if video is None:
        tokens: dict[str, np.ndarray] = {"frame": np.arange(rows), "time": np.arange(rows) / 7}
        if level:
            level_of = np.ones(rows, np.uint8)
            level_of[side.offsets[:-1]] = 0
            tokens["level"] = level_of
    else:
        items |= {"video": video, "cut": np.arange(n) % 2, "captions": _names(list("abcdefgh")[:n])}
        tokens = {"words": _names([f"w{'o' * (i % 40)}" for i in range(rows)])}
    return replace(side, item_columns=items, token_columns=tokens)


def _names(values: list[str]) -> np.ndarray:
    return np.array(values, dtype=np.dtypes.StringDType())
