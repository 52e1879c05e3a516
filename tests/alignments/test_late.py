"""Late interaction, query scoring, and weights of tokens that a file has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import l2, wti
from scored_items import items, near
from small_features import tokens_of, write_features

import vrbench
from vrbench.errors import InputError
from vrbench.features import Tokens


def test_maxsim_is_one_direction_of_max_sum() -> None:
    sim = vrbench.score(*items(2), "max-sum", precision="double")
    of_text = vrbench.score(*items(2), "maxsim", precision="double")
    of_video = vrbench.score(*items(2), "maxsim:side=video", precision="double")
    np.testing.assert_array_equal(of_text.t2v, sim.t2v)
    np.testing.assert_array_equal(of_video.v2t, sim.v2t)
    assert of_text.v2t is of_text.t2v
    mean = vrbench.score(*items(2), "maxsim:mean=true", precision="double").t2v
    near(mean, vrbench.score(*items(2), "max-avg", precision="double").t2v)


def test_the_level_of_the_whole_video_is_the_global_vector_alone() -> None:
    texts, videos = items(2)
    globals_ = [l2(l2(x).mean(axis=0))[None] for x in videos]
    for spec in ("maxsim", "maxsim:side=video", "maxsim:mean=true", "maxsim:side=video,mean=true"):
        parts = [
            vrbench.score(texts, side, spec, precision="double").t2v for side in (videos, globals_)
        ]
        comma = "," if ":" in spec else ":"
        both = vrbench.score(texts, videos, f"{spec}{comma}whole=true", precision="double").t2v
        near(both, parts[0] + parts[1])


def test_maxsim_is_that_of_sentence_transformers() -> None:
    similarity = pytest.importorskip("sentence_transformers.util")
    texts, videos = ([l2(x).astype(np.float32) for x in side] for side in items(2))
    for spec, given, more in (
        ("maxsim", (texts, videos), {}),
        ("maxsim:mean=true", (texts, videos), {"length_normalize": True}),
    ):
        theirs = similarity.maxsim(*(list(map(np.asarray, side)) for side in given), **more).numpy()
        np.testing.assert_allclose(vrbench.score(*given, spec).t2v, theirs, rtol=0, atol=1e-6)
    theirs = similarity.maxsim(videos, texts).numpy().T
    ours = vrbench.score(texts, videos, "maxsim:side=video").t2v
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_maxsim_is_that_of_maxsim_cpu() -> None:
    maxsim_cpu = pytest.importorskip("maxsim_cpu")
    texts, videos = ([l2(x).astype(np.float32) for x in side] for side in items(2))
    theirs = [maxsim_cpu.maxsim_scores_variable(text, videos) for text in texts]
    near(vrbench.score(texts, videos, "maxsim").t2v, theirs, 1e-6)


def test_query_scoring_goes_to_the_best_frame_and_to_the_mean_of_all() -> None:
    texts, videos = items(2)
    sharp = vrbench.score(texts, videos, "query-scoring:tau=0.00001", precision="double").t2v
    soft = vrbench.score(texts, videos, "query-scoring:tau=100000", precision="double").t2v
    near(soft, vrbench.score(texts, videos, "global", precision="double").t2v, 1e-5)
    globals_ = [l2(l2(x).mean(axis=0))[None] for x in texts]
    near(sharp, vrbench.score(globals_, videos, "max-sum", precision="double").t2v, 1e-9)


def test_query_scoring_of_one_frame_is_the_cosine() -> None:
    texts, videos = items(2)
    first = [x[:1] for x in videos]
    near(
        vrbench.score(texts, first, "query-scoring", precision="double").t2v,
        vrbench.score(texts, first, "global", precision="double").t2v,
    )


def test_raw_frames_are_summed_as_they_are() -> None:
    """A long frame counts for more in the sum, but not in the weights."""
    text = [np.array([[1.0, 0.0]])]
    video = [np.array([[8.0, 8.0], [1.0, 0.0]])]
    raw = tokens_of(text, "text", normalized=False), tokens_of(video, normalized=False)
    found = vrbench.score(*raw, "query-scoring:tau=1000000", precision="double").t2v[0, 0]
    near(found, 9 / np.hypot(9, 8), 1e-6)
    unit = vrbench.score(text, video, "query-scoring:tau=1000000", precision="double").t2v[0, 0]
    near(unit, (1 + 0.5**0.5) / np.hypot(1 + 0.5**0.5, 0.5**0.5), 1e-6)


@pytest.mark.parametrize("tau", ["0", "-1"])
def test_a_temperature_is_positive(tau: str) -> None:
    with pytest.raises(InputError, match="tau must be positive"):
        vrbench.score(*items(2), f"query-scoring:tau={tau}")


# --- wti with weights of the file


def weighed(side: Tokens, weight: NDArray[np.float64]) -> Tokens:
    return replace(side, token_columns={"weight": weight})


def sides() -> tuple[Tokens, Tokens]:
    texts, videos = items(2)
    return tokens_of(texts, "text"), tokens_of(videos)


@pytest.mark.parametrize("given", [("text",), ("video",), ("text", "video")])
def test_wti_weighs_by_the_column(given: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    whole = dict(zip(("text", "video"), sides(), strict=True))
    weights = {name: rng.random(int(side.offsets[-1])) for name, side in whole.items()}
    whole |= {name: weighed(whole[name], weights[name]) for name in given}
    sim = vrbench.score(whole["text"], whole["video"], "wti", precision="double")
    texts, videos = ([l2(x) for x in side] for side in items(2))
    for i, text in enumerate(texts):
        for j, video in enumerate(videos):
            shares = {}
            for name, row in (("text", i), ("video", j)):
                own = weights[name][whole[name].offsets[row] : whole[name].offsets[row + 1]]
                shares[name] = (own / own.sum()).tolist() if name in given else None
            expected = wti(
                video, text, video[0], text[0], words=shares["text"], frames=shares["video"]
            )
            assert sim.t2v[i, j] == pytest.approx(expected[0], abs=1e-12)


def test_equal_weights_are_none() -> None:
    text, video = sides()
    equal = weighed(text, np.full(int(text.offsets[-1]), 3.0))
    near(
        vrbench.score(equal, video, "wti", precision="double").t2v,
        vrbench.score(text, video, "token-mean", precision="double").t2v,
    )


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_weights_that_are_none_are_refused(bad: float) -> None:
    text, video = sides()
    weight = np.ones(int(text.offsets[-1]))
    weight[int(text.offsets[2])] = bad
    with pytest.raises(InputError, match="weights of item 'text2' of text are no numbers >= 0"):
        vrbench.score(weighed(text, weight), video, "wti")
    weight[int(text.offsets[2]) : int(text.offsets[3])] = 0
    with pytest.raises(InputError, match="item 'text2'"):
        vrbench.score(weighed(text, weight), video, "wti")


def test_weights_of_a_file_are_read(tmp_path: Path) -> None:
    import h5py

    path = write_features(tmp_path / "f.h5")
    (before,) = vrbench.evaluate(path, "wti")
    with h5py.File(path, "a") as file:
        n = len(file["text/tokens"])
        file["text/weight"] = np.random.default_rng(1).random(n).astype(np.float32) ** 4
    (after,) = vrbench.evaluate(path, "wti")
    assert before.metrics != after.metrics
    features = vrbench.open(path)
    sim = vrbench.score(features.text, features.video, "wti").t2v
    plain = replace(features.text, token_columns={})
    assert np.abs(sim - vrbench.score(plain, features.video, "wti").t2v).max() > 1e-3
