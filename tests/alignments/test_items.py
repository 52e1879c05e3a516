from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scored_items import REGISTERED, SPECS, assert_close, assert_same_bits, items, reference, score
from small_features import tokens_of

import vrbench
from vrbench.alignments.engine.items import prepare
from vrbench.errors import InputError

Array = NDArray[Any]


@pytest.mark.parametrize("spec", SPECS)
def test_only_frames_are_read_where_levels_are_marked(spec: str) -> None:
    texts, videos = items()
    rng = np.random.default_rng(10)
    mixed: list[Array] = []
    level: list[int] = []
    for video in videos:
        marks = rng.permutation([0] * len(video) + [1] * 3)
        item = rng.standard_normal((len(marks), 16))
        item[marks == 0] = video
        mixed.append(item)
        level.extend(marks)
    found = score(tokens_of(texts, "text"), tokens_of(mixed, level=level), spec)
    assert_same_bits(found, score(tokens_of(texts, "text"), tokens_of(videos), spec))


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_how_the_numbers_lie_in_memory_changes_no_bit(kind: Any, normalized: bool) -> None:
    rng = np.random.default_rng(11)
    made = [rng.standard_normal((3, 300)).astype(kind) for _ in range(20)]
    text, video = (tokens_of(made, name, normalized=normalized) for name in ("text", "video"))
    columns = replace(video, tokens=np.asfortranarray(video.tokens))
    assert prepare(columns, torch.float32, torch.device("cpu")).tokens.is_contiguous()
    whole = score(text, video, "max-avg")
    assert_same_bits(whole, score(text, columns, "max-avg", block_bytes=1))


def test_an_item_without_frames_is_named() -> None:
    texts, videos = items()
    level = np.ones(sum(map(len, videos)))
    level[: -len(videos[-1])] = 0
    with pytest.raises(InputError, match=r"'video7' .*no token at level 0"):
        score(tokens_of(texts, "text"), tokens_of(videos, level=level), "max-avg")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("spec", REGISTERED)
def test_a_token_that_is_not_finite_is_named(spec: str, bad: float) -> None:
    texts, videos = items()
    broken = [video.copy() for video in videos]
    broken[3][-1, 5] = bad
    with pytest.raises(InputError, match="'video3'"):
        vrbench.score(texts, broken, spec)
    for normalized in (True, False):
        side = tokens_of(broken, "text", normalized=normalized)
        with pytest.raises(InputError, match="'text3'"):
            score(side, tokens_of(videos, normalized=normalized), spec)


def test_a_zero_token_is_named_for_cosines_and_fine_for_dot_products() -> None:
    texts, videos = items()
    broken = [text.copy() for text in texts]
    broken[2][0] = 0
    with pytest.raises(InputError, match="'text2' of text: a token is all zeros"):
        vrbench.score(broken, videos, "max-avg")
    raw = (tokens_of(broken, "text", normalized=False), tokens_of(videos, normalized=False))
    means = [np.array([x.mean(axis=0) for x in side]) for side in (broken, videos)]
    expected = reference("max-sum", broken, videos, means[0], means[1])
    assert_close(score(*raw, "max-sum"), expected, 1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_a_bad_global_vector_is_named(bad: float) -> None:
    texts, videos = items()
    vectors = np.ones((len(videos), 16))
    vectors[5] = bad
    with pytest.raises(InputError, match="'video5' of video: its global vector"):
        score(tokens_of(texts, "text"), tokens_of(videos, vectors=vectors), "global")


@pytest.mark.parametrize("spec", ["global", "tokenflow", "emd"])
def test_tokens_that_cancel_out_have_no_global_vector(spec: str) -> None:
    texts, videos = items()
    opposite = [*videos[:4], np.array([[3.0] * 16, [-3.0] * 16]), *videos[4:]]
    with pytest.raises(InputError, match="'video4'"):
        vrbench.score(texts, opposite, spec)


def test_tokens_that_cancel_out_are_fine_where_no_global_vector_is_read() -> None:
    texts, videos = items()
    opposite = [*videos, np.array([[3.0] * 16, [-3.0] * 16])]
    assert np.isfinite(vrbench.score(texts, opposite, "max-avg").t2v).all()


@pytest.mark.parametrize("size", [1e-50, 1e-30, 1e30, 1e200])
def test_the_length_of_a_vector_does_not_matter_to_cosines(size: float) -> None:
    texts, videos = items()
    scaled = [size * text for text in texts]
    expected = vrbench.score(texts, videos, "max-avg")
    found = vrbench.score(scaled, videos, "max-avg")
    np.testing.assert_allclose(found.t2v, expected.t2v, atol=1e-6)


def test_sides_of_different_width_are_refused() -> None:
    texts, videos = items()
    with pytest.raises(InputError, match=r"width 15 .* 16"):
        vrbench.score([text[:, :15] for text in texts], videos)


def test_one_raw_and_one_normalized_side_are_refused() -> None:
    texts, videos = items()
    with pytest.raises(InputError, match="text and video is normalized and the other raw"):
        vrbench.score(tokens_of(texts, "text", normalized=False), tokens_of(videos))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([], "no text"),
        ([np.ones(16)], "Text 0 has shape"),
        ([np.ones((2, 16)), np.ones((0, 16))], "Text 1 has shape"),
        ([np.ones((2, 16)), np.ones((2, 15))], "Text 1 has shape"),
        (np.ones(16), "Text 0 has shape"),
        (np.ones((3, 0)), "Text 0 has shape"),
        (np.ones((0, 16)), "no text"),
    ],
)
def test_malformed_lists_are_refused(wrong: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        vrbench.score(wrong, items()[1])


@pytest.mark.parametrize(
    "options",
    [{"precision": "float64"}, {"device": "gpu"}, {"workers": 0}, {"workers": -1}],
    ids=str,
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        vrbench.score(*items(), "max-avg", **options)
