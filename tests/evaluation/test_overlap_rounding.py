"""Items are the same in a bank though rounded or longer, and others are not, however near."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.overlap import fingerprints, nearly_equal
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]
N, D = 12, 8
ORDER = np.random.default_rng(5).permutation(N)


def unit(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


def others(seed: int) -> Array:
    return unit(np.random.default_rng(seed).standard_normal((N, D)))


def test_items_of_several_tokens_are_compared_whole(tmp_path: Path) -> None:
    tokens = np.stack([others(seed) for seed in (5, 6, 7)], axis=1)
    mask = np.ones((N, 3), bool)
    same: dict[str, Any] = {"bank_video_tokens": (2 * tokens[ORDER]).astype(np.float16)}
    turned: dict[str, Any] = {"bank_video_tokens": tokens[:, ::-1]}
    for bank, refuses in ((same, True), (turned, False)):
        np.savez(tmp_path / "a.npz", text=others(3), video_tokens=tokens, video_mask=mask,
                 bank_text=others(1), bank_video_mask=mask, **bank)  # fmt: skip
        if refuses:
            with pytest.raises(InputError, match=f"0 of {N} texts and {N} of {N} videos"):
                import_arrays(tmp_path / "a.npz", tmp_path / "f.h5")
        else:
            import_arrays(tmp_path / "a.npz", tmp_path / "f.h5")


@pytest.mark.parametrize("seed", range(5))
def test_other_items_are_no_part_of_the_test_set(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cone = rng.standard_normal(64)  # embeddings of one side lie in a narrow cone
    rows, bank = (unit(cone + 0.05 * rng.standard_normal((400, 64))) for _ in range(2))
    assert not nearly_equal(fingerprints(rows), fingerprints(bank)).any()
    again = nearly_equal(fingerprints(rows), fingerprints(rows[::-1].astype(np.float16)))
    assert again.all()


def test_rows_that_are_filled_alike_are_not_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sim, texts, videos = (
        np.where(x > 1, x, -1e9) for x in (rng.standard_normal((N, N)) for _ in range(3))
    )
    np.savez(tmp_path / "s.npz", t2v=sim, bank_t2v=texts, bank_v2t=videos)
    ways = ("eval", "--from-sim", tmp_path / "s.npz", "--norm", "csls:k=2", "--json")
    (result,) = run(*ways, "--out", tmp_path / "r").results
    assert result["bank_shared"] == {"n_text": 0, "n_video": 0}
