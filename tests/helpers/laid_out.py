"""The same videos and texts in the layouts of other programs, the sides in different orders."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features import open_features
from vrbench.importing import Given
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]
D = 6
VIDEOS = {"v10": 3, "v2": 1, "café": 4, "-4w_x": 2}
"""Tokens of each video; names in this order are in no other one."""
TEXTS = {"v2#0": 2, "café#1": 1, "v10#0": 5, "-4w_x#0": 3, "café#0": 2}
CAPTIONS = {name: f"about {name}, truly" for name in TEXTS}


def tokens(lengths: dict[str, int], seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal((n, D)).astype(np.float32) for name, n in lengths.items()}


@dataclass(frozen=True)
class Data:
    """The items of both sides, by name."""

    video: dict[str, Array]
    text: dict[str, Array]

    @classmethod
    def of_tokens(cls) -> Data:
        return cls(tokens(VIDEOS, 0), tokens(TEXTS, 1))

    @classmethod
    def of_vectors(cls) -> Data:
        """One vector an item, (d,)."""
        whole = cls.of_tokens()
        return cls(*({k: x[0] for k, x in side.items()} for side in (whole.video, whole.text)))


def owner(text: str) -> str:
    return text.partition("#")[0]


def rows(names: Any) -> list[dict[str, str]]:
    """Captions as rows of a file, in the order of these texts."""
    return [{"video": f"{owner(name)}.mp4", "desc": CAPTIONS[name]} for name in names]


def write_lines(path: Path, values: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(value) for value in values), encoding="utf-8")
    return path


def in_order() -> list[str]:
    """Names of the texts so that those of a video are counted in their order."""
    return sorted(TEXTS, key=lambda name: (name.partition("#")[2], len(name)))


def check(given: Given | Path, folder: Path, data: Data, captions: bool = False) -> list[str]:
    """Import, and compare every item, pair and caption by name; return the notes."""
    notes: list[str] = []
    path = import_arrays(given, folder / "made.h5", overwrite=True, note=notes.append)
    with open_features(path) as features:
        for side, expected in ((features.video, data.video), (features.text, data.text)):
            ids = side.ids.tolist()
            assert sorted(ids) == sorted(expected)
            for i, name in enumerate(ids):
                found = side.block(i, i + 1).tokens
                np.testing.assert_array_equal(found, np.atleast_2d(expected[name]))
        owners = features.video.ids[features.text_video].tolist()
        assert owners == [owner(name) for name in features.text.ids.tolist()]
        if captions:
            said = features.text.item_columns["captions"].tolist()
            assert said == [CAPTIONS[name] for name in features.text.ids.tolist()]
        else:
            assert features.text.captions is None
    return notes


Writer = Callable[[Path, Data], Given]
