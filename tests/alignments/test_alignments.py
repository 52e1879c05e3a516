from __future__ import annotations

import numpy as np
import pytest
from oracles import l2
from scored_items import SPECS, assert_close, cosines, items, reference, score
from small_features import tokens_of

import vrbench


@pytest.mark.parametrize("spec", SPECS)
def test_cosines_equal_the_formula(spec: str) -> None:
    texts, videos = items()
    assert_close(vrbench.score(texts, videos, spec, precision="double"), cosines(spec), 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS)
def test_cosines_in_single_precision_are_near(spec: str) -> None:
    texts, videos = items()
    sim = vrbench.score(texts, videos, spec)
    assert sim.t2v.dtype == sim.v2t.dtype == np.float32
    assert_close(sim, cosines(spec), 1e-5)


@pytest.mark.parametrize("spec", SPECS)
def test_dot_products_equal_the_formula(spec: str) -> None:
    texts, videos = items()
    means = [[item.mean(axis=0) for item in side] for side in (texts, videos)]
    expected = reference(spec, texts, videos, means[0], means[1])
    text, video = tokens_of(texts, "text", normalized=False), tokens_of(videos, normalized=False)
    assert_close(score(text, video, spec, precision="double"), expected, 1e-9)
    assert_close(score(text, video, spec), expected, 1e-5)


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize(
    "spec", ["global", "uniform", "emd", "tokenflow", "0.5*global+0.5*tokenflow:lam=5"]
)
def test_stored_global_vectors_are_used(spec: str, normalized: bool) -> None:
    texts, videos = items()
    rng = np.random.default_rng(3)
    vectors = [0.4 * rng.standard_normal((len(side), 16)) for side in (texts, videos)]
    text = tokens_of(texts, "text", vectors=vectors[0], normalized=normalized)
    video = tokens_of(videos, vectors=vectors[1], normalized=normalized)
    if normalized:
        texts, videos = ([l2(x) for x in side] for side in (texts, videos))
        vectors = [l2(side) for side in vectors]
    expected = reference(spec, texts, videos, list(vectors[0]), list(vectors[1]))
    assert_close(score(text, video, spec, precision="double"), expected, 1e-9)
    assert_close(score(text, video, spec), expected, 1e-5)


def test_one_side_may_lack_global_vectors() -> None:
    texts, videos = items()
    vectors = np.random.default_rng(4).standard_normal((len(texts), 16))
    expected = reference("tokenflow", [l2(x) for x in texts], [l2(x) for x in videos], l2(vectors))
    text = tokens_of(texts, "text", vectors=vectors)
    assert_close(score(text, tokens_of(videos), "tokenflow", precision="double"), expected, 1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_half_precision_is_read_as_it_is(spec: str) -> None:
    halves = [[item.astype(np.float16) for item in side] for side in items()]
    wide = [[item.astype(np.float64) for item in side] for side in halves]
    text, video = tokens_of(halves[0], "text"), tokens_of(halves[1])
    assert text.tokens.dtype == np.float16
    sim = score(text, video, spec)
    assert sim.t2v.dtype == sim.v2t.dtype == np.float32
    expected = vrbench.score(wide[0], wide[1], spec, precision="double")
    assert_close(sim, (expected.t2v, expected.v2t), 1e-5)
    exact = score(text, video, spec, precision="double")
    assert_close(exact, (expected.t2v, expected.v2t), 1e-12)
