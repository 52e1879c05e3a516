"""Frames and patches of other programs, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_arrays import brought, save

import vrbench
from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]
LEVEL = np.array([0, 1, 1, 0, 1, 1, 0, 0])
"""Of three videos, of 3, 2 and 3 tokens."""


def packed() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "video_tokens": rng.standard_normal((8, 4)),
        "video_offsets": np.array([0, 3, 5, 8]),
        "video_level": LEVEL,
        "text": rng.standard_normal((3, 4)),
    }


def padded() -> dict[str, Any]:
    given = packed()
    tokens, level = np.zeros((3, 4, 4)), np.full((3, 4), 9)  # 9: no token, and not looked at
    mask = np.zeros((3, 4), bool)
    for i, rows in enumerate(np.split(np.arange(8), [3, 5])):
        places = np.arange(len(rows)) + i % 2
        tokens[i, places], level[i, places] = given["video_tokens"][rows], LEVEL[rows]
        mask[i, places] = True
    return {
        "video_tokens": tokens, "video_mask": mask, "video_level": level, "text": given["text"],
    }  # fmt: skip


@pytest.mark.parametrize("arrays", [packed(), padded()], ids=["packed", "padded"])
def test_frames_and_patches_lie_side_by_side(tmp_path: Path, arrays: dict[str, Any]) -> None:
    with open_features(brought(tmp_path, arrays)) as features:
        assert np.asarray(features.video.token_columns["level"]).tolist() == LEVEL.tolist()
        given, texts = packed(), [row[None] for row in arrays["text"]]
        parts = list(
            zip(*(np.split(x, [3, 5]) for x in (given["video_tokens"], LEVEL)), strict=True)
        )
        for level, number in (("frame", 0), ("patch", 1)):
            method, alone = f"max-avg:level={level}", [rows[at == number] for rows, at in parts]
            found = vrbench.score(features.text, features.video, method, precision="double")
            expected = vrbench.score(texts, alone, "max-avg", precision="double")
            np.testing.assert_allclose(found.t2v, expected.t2v, rtol=0, atol=1e-12)


def test_a_bank_has_levels_too(tmp_path: Path) -> None:
    given = packed()
    other = {"video_tokens": given["video_tokens"] + 1, "text": given["text"] + 1}
    ids = {f"bank_{side}_ids": [f"b{side}{i}" for i in range(3)] for side in ("video", "text")}
    bank = {f"bank_{name}": value for name, value in {**given, **other}.items()} | ids
    with open_features(brought(tmp_path, {**given, **bank})) as features:
        assert features.bank_video is not None
        assert np.asarray(features.bank_video.token_columns["level"]).tolist() == LEVEL.tolist()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"video_level": LEVEL[:7]}, r"expected \(8,\)"),
    ({"video_level": LEVEL.astype(float)}, "expected whole numbers"),
    ({"video_level": LEVEL + 1}, r"holds 2 in row 1, expected 0 \(a frame\) or 1"),
    ({"video_level": np.array([1, 1, 1, 0, 0, 0, 0, 0])}, r"'video0' .* no token at level 0"),
    ({"video_level": np.zeros((3, 3), int)}, r"expected \(8,\)"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG)
def test_wrong_levels_are_one_sentence(tmp_path: Path, changes: Any, said: str) -> None:
    source = save(tmp_path / "a.npz", {**packed(), **changes})
    with pytest.raises(InputError, match=said):
        import_arrays(source, tmp_path / "f.h5")


def test_levels_without_tokens_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    plain = {name: rng.standard_normal((3, 4)) for name in ("video", "text")}
    source = save(tmp_path / "a.npz", {**plain, "video_level": np.zeros(3, int)})
    with pytest.raises(InputError, match="but no video_tokens"):
        import_arrays(source, tmp_path / "f.h5")
    grid = save(tmp_path / "b.npz", {**padded(), "video_level": np.zeros((3, 3), int)})
    with pytest.raises(InputError, match=r"expected whole numbers \(3, 4\)"):
        import_arrays(grid, tmp_path / "f.h5")
