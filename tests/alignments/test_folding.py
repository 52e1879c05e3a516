from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_features import tokens_of, write_features

import vrbench
from vrbench.alignments import Method
from vrbench.alignments.emd import EarthMover
from vrbench.alignments.engine import driver, emd_positives, fused, product
from vrbench.alignments.engine.emd_kernels import DROPPED
from vrbench.alignments.engine.emd_positives import contenders
from vrbench.errors import InputError
from vrbench.features import Tokens
from vrbench.metrics.ranking import ranks
from vrbench.sims.truth import Truth


def retrieval(noise: float, n: int = 70, scale: float = 1.0) -> tuple[Tokens, Tokens, Any]:
    """Texts of 1 to 12 words and videos of 2, 3 or 6 frames around a centre; some share a video."""
    rng = np.random.default_rng(0)
    centre = (
        rng.standard_normal((n, 48)) + 0.6 * rng.standard_normal((5, 48))[rng.integers(0, 5, n)]
    )
    owner = np.concatenate([np.arange(n - 3), rng.integers(0, n - 3, 20)])
    texts = [centre[v] + noise * rng.standard_normal((rng.integers(1, 13), 48)) for v in owner]
    videos = [c + noise * rng.standard_normal((rng.choice([2, 3, 6]), 48)) for c in centre]
    videos[7], texts[3] = videos[6], texts[2]  # exact ties
    sides = (("text", texts), ("video", videos))
    text, video = (
        tokens_of([scale * tokens for tokens in side], name, normalized=scale == 1)
        for name, side in sides
    )
    return text, video, owner


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise", "most", "scale"),
    [(0.5, 0.05, 1), (1.5, 0.3, 1), (4.0, 1.0, 1), (1.5, 0.3, 1e-3), (1.5, 0.3, 300)],
    ids=["easy", "middle", "hard", "small dot products", "large dot products"],
)
@pytest.mark.parametrize("eps", [0.001, 0.0, 0.3])
@pytest.mark.parametrize("numba", [True, False])
def test_ranks_by_bounds_are_those_of_the_whole_matrix(
    noise: float,
    most: float,
    scale: float,
    eps: float,
    numba: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not numba:
        for module in (product, fused, emd_positives):
            monkeypatch.setattr(module, "vectorized", lambda: False)
    text, video, owner = retrieval(noise, scale=scale)
    exact = EarthMover(eps)
    truth = Truth.of((len(text), len(video)), owner)
    bounded = Method(((1.0, contenders(text, video, truth, exact)),))
    some = driver.score(text, video, bounded).t2v
    whole = driver.score(text, video, Method(((1.0, exact),)), compiled=numba).t2v
    known = some > DROPPED
    np.testing.assert_array_equal(some[known], whole[known])
    assert len(text) / whole.size < known.mean() <= most
    for direction in ("t2v", "v2t"):
        for ties in ("mean", "pessimistic"):
            found = ranks(some, owner, direction, ties)
            np.testing.assert_array_equal(found, ranks(whole, owner, direction, ties))


@pytest.mark.slow
@pytest.mark.parametrize(("eps", "scale"), [(1e-42, 1.0), (1e-38, 1.0), (1e30, 1e8), (1e37, 1.0)])
@pytest.mark.parametrize("numba", [True, False])
def test_masses_that_float32_hardly_holds_drop_no_pair_that_counts(
    eps: float, scale: float, numba: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_ranks_by_bounds_are_those_of_the_whole_matrix(20.0, 1.0, scale, eps, numba, monkeypatch)


@pytest.mark.parametrize("numba", [True, False])
def test_patches_between_the_frames_change_no_bound(
    numba: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not numba:
        for module in (product, fused, emd_positives):
            monkeypatch.setattr(module, "vectorized", lambda: False)
    monkeypatch.setattr(emd_positives, "ROOM", 48 * 20)  # many turns over the right pairs
    text, plain, owner = retrieval(1.5)
    rng = np.random.default_rng(1)
    frames = np.split(plain.tokens, plain.offsets[1:-1])
    both = [np.insert(item, 1, rng.standard_normal((2, 48)), axis=0) for item in frames]
    level = [[0, 1, 1] + [0] * (len(item) - 1) for item in frames]
    mixed = tokens_of(both, "video", level=np.concatenate(level))
    truth = Truth.of((len(text), len(plain)), owner)
    found = []
    for video in (plain, mixed):
        # the mean token, of which all would be others, is given
        video = replace(video, global_vectors=np.stack([item.mean(0) for item in frames]))
        bounded = Method(((1.0, contenders(text, video, truth, EarthMover())),))
        found.append(driver.score(text, video, bounded).t2v)
    np.testing.assert_array_equal(*found)


NAMES = ("R@1", "R@5", "R@10", "MdR", "MnR", "tied")


@pytest.mark.parametrize("method", ["tokenflow", "global", "0.5*global+0.5*scan", "emd"])
def test_without_a_matrix_everything_that_is_told_is_the_same(method: str, tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    (whole,), (folded,) = (vrbench.evaluate(path, method, matrix=m) for m in (True, False))
    for d in ("t2v", "v2t"):
        np.testing.assert_array_equal(whole.ranks[d], folded.ranks[d])
        assert folded.to_dict()["metrics"][d] == whole.to_dict()["metrics"][d]
        for name, value in folded.to_dict()["diagnostics"][d].items():
            if method == "emd" and name in ("normalization_error", "hub_skewness"):
                assert value is None
            else:
                assert value == whole.to_dict()["diagnostics"][d][name]
    assert ("solved" in folded.to_dict()) == (method == "emd")


def test_what_needs_the_matrix_is_refused_without_one(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    with pytest.raises(InputError, match="only --norm none with --no-matrix"):
        vrbench.evaluate(path, norm=["none", "dsl"], matrix=False)
    with pytest.raises(InputError, match="only --v2t best-caption"):
        vrbench.evaluate(path, v2t="group-max", matrix=False)


def test_positive_pairs_that_are_not_solved_in_time_are_left_to_pot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, video, owner = retrieval(1.5)
    truth = Truth.of((len(text), len(video)), owner)
    known = contenders(text, video, truth, EarthMover())
    monkeypatch.setattr(emd_positives, "compiled", lambda _: lambda *_: None)
    again = contenders(text, video, truth, EarthMover())
    np.testing.assert_allclose(again.texts.least, known.texts.least, atol=1e-6)
    np.testing.assert_allclose(again.videos.least, known.videos.least, atol=1e-6)
