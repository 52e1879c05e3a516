"""Weights of tokens of other programs, by which ``wti`` weighs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_arrays import brought, save

import vrbench
from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.importing.to_features import import_arrays

E = np.eye(3, dtype=np.float32)


def packed() -> dict[str, Any]:
    """Two texts of the words e0 e1 and e1 e2 e0, two videos of the frames e0 and e1."""
    return {
        "video": E[:2],
        "text_tokens": E[[0, 1, 1, 2, 0]],
        "text_offsets": np.array([0, 2, 5]),
        "text_weight": np.array([3.0, 1.0, 1.0, 0.0, 1.0], np.float32),
    }


def padded() -> dict[str, Any]:
    tokens, weight = np.ones((2, 3, 3), np.float32), np.full((2, 3), -9.0)
    tokens[0, :2], tokens[1] = E[[0, 1]], E[[1, 2, 0]]
    weight[0, :2], weight[1] = [3, 1], [1, 0, 1]
    mask = np.array([[1, 1, 0], [1, 1, 1]])
    return {"video": E[:2], "text_tokens": tokens, "text_mask": mask, "text_weights": weight}


def check(path: Path) -> None:
    with open_features(path) as file:
        assert np.asarray(file.text.token_columns["weight"]).tolist() == [3, 1, 1, 0, 1]
        found = vrbench.score(file.text, file.video, "wti").t2v
    # words of each text matched with each video's only frame, and that frame's best word
    words = np.array([[3 / 4, 1 / 4], [1 / 2, 1 / 2]])
    np.testing.assert_allclose(found, (words + 1) / 2, atol=1e-6)


@pytest.mark.parametrize("arrays", [packed(), padded()], ids=["packed", "padded"])
def test_weights_reach_wti(tmp_path: Path, arrays: dict[str, Any]) -> None:
    check(brought(tmp_path, arrays))


def test_weights_in_hdf5(tmp_path: Path) -> None:
    for given in (packed(), {k.replace("text_", "text/"): x for k, x in packed().items()}):
        with h5py.File(tmp_path / "a.hdf5", "w") as file:
            for name, array in given.items():
                file[name] = array
        check(import_arrays(tmp_path / "a.hdf5", tmp_path / "made.h5", overwrite=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text_weight": np.ones(4)}, r"float64 \(4,\) in text_weight, expected numbers \(5,\)"),
        ({"text_weight": np.array([1, 1, 0, 0, 0])}, "gives item 'text1' weights in text_weight"),
        (
            {"text_weight": np.array([1.0, -1, 1, 1, 1])},
            "gives item 'text0' weights in text_weight",
        ),
        ({"text_weight": np.array([1.0, 1, 1, np.nan, 1])}, "gives item 'text1' weights"),
        ({"video_weight": np.ones(2)}, "video_weight, which says what tokens weigh, but no video_"),
    ],
)
def test_weights_that_are_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        import_arrays(save(tmp_path / "a.npz", packed() | changes), tmp_path / "made.h5")
