"""UCoFiA's patch selection as public functions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle_attended import narrow_saliency, saliency
from patched import WIDTH, selector

import vrbench
from vrbench.errors import InputError


def test_saliency_equals_the_loops() -> None:
    rng = np.random.default_rng(0)
    patches, weights = rng.standard_normal((3, 5, WIDTH)), selector(rng)
    found = vrbench.heads.patch_saliency(patches, weights)
    assert found.shape == (3, 5)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, np.stack(saliency(list(patches), weights)), atol=1e-9)
    for start in ("ucofia.selector.", "selector.", "visual_token_selector.score_predictor."):
        named = {start + name: torch.tensor(w) for name, w in weights.items()}
        again = vrbench.heads.patch_saliency(torch.tensor(patches), named, variant="released")
        np.testing.assert_array_equal(again, found)


def test_the_narrow_network_is_read_as_released() -> None:
    rng = np.random.default_rng(1)
    patches, weights = rng.standard_normal((2, 4, WIDTH)), selector(rng, narrow=True)
    found = vrbench.heads.patch_saliency(patches, weights, variant="released")
    np.testing.assert_allclose(found, np.stack(narrow_saliency(list(patches), weights)), atol=1e-9)
    with pytest.raises(InputError, match=r"reads 6 numbers.* 12.*\(variant=released"):
        vrbench.heads.patch_saliency(patches, weights)


def test_every_frame_of_the_video_counts() -> None:
    rng = np.random.default_rng(2)
    patches, weights = rng.standard_normal((3, 5, WIDTH)), selector(rng)
    whole = vrbench.heads.patch_saliency(patches, weights)
    first = vrbench.heads.patch_saliency(patches[:2], weights)
    assert np.abs(first - whole[:2]).max() > 1e-3
    turned = vrbench.heads.patch_saliency(patches[::-1], weights)
    np.testing.assert_allclose(turned, whole[::-1], atol=1e-12)


def test_the_largest_are_selected_in_ascending_order() -> None:
    scores = np.array([[0.1, 0.9, 0.3, 0.8], [0.5, 0.5, 0.5, 0.7]])
    found = vrbench.heads.select_patches(scores, 2)
    np.testing.assert_array_equal(found, [[1, 3], [0, 3]])
    np.testing.assert_array_equal(
        vrbench.heads.select_patches(torch.tensor(scores), 4)[0], range(4)
    )


@pytest.mark.parametrize(
    ("scores", "k", "said"),
    [
        (np.zeros((2, 3)), 4, "k must be from 1 to 3"),
        (np.zeros((2, 3)), 0, "k must be from 1 to 3"),
        (np.zeros(3), 1, r"shape \(3,\)"),
        (np.full((1, 2), np.nan), 1, "finite"),
    ],
)
def test_wrong_selections_are_refused(scores: np.ndarray, k: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        vrbench.heads.select_patches(scores, k)


def test_wrong_patches_and_weights_are_refused() -> None:
    rng = np.random.default_rng(3)
    patches, weights = rng.standard_normal((2, 4, WIDTH)), selector(rng)
    for wrong in (patches[0], np.full_like(patches, np.nan), patches[:0]):
        with pytest.raises(InputError, match="expected finite numbers"):
            vrbench.heads.patch_saliency(wrong, weights)
    with pytest.raises(InputError, match=r"lack 'out_conv.2.weight'"):
        vrbench.heads.patch_saliency(patches, {k: w for k, w in weights.items() if "2" not in k})
    with pytest.raises(InputError, match=r"'out_conv.0.weight' has the shape \(4, 9\)"):
        vrbench.heads.patch_saliency(patches, weights | {"out_conv.0.weight": np.zeros((4, 9))})
    with pytest.raises(InputError, match="Unknown variant 'exat'"):
        vrbench.heads.patch_saliency(patches, weights, variant="exat")  # type: ignore[arg-type]
