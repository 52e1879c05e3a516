"""The method xclip against slow float64 loops, and its laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle_attended import xclip
from oracles import global_vector, l2
from patched import WIDTH, Array, frames, head, text_tokens, texts, video_tokens, xclip_arrays

import vrbench
from vrbench.errors import InputError


@pytest.mark.parametrize(("precision", "near"), [("double", 1e-9), ("single", 2e-4)])
@pytest.mark.parametrize("learnt", [True, False])
def test_it_equals_the_loops(learnt: bool, precision: Any, near: float) -> None:
    rng = np.random.default_rng(0)
    words, videos = texts(rng), texts(rng, (4, 1, 3, 2))
    arrays: dict[str, Array] | None = xclip_arrays(rng) if learnt else None
    given = None if arrays is None else head("xclip", arrays)
    sim = vrbench.score(words, videos, "xclip", head=given, precision=precision)
    for i, text in enumerate(words):
        for j, video in enumerate(videos):
            sides = l2(video), l2(text), global_vector(video), global_vector(text)
            value, _ = xclip(*sides, weights=arrays)
            assert abs(sim.t2v[i, j] - value) < near
    assert sim.v2t is sim.t2v
    assert sim.t2v.shape == (4, 4)  # of four comparisons one number is taken, as the paper does


def test_an_item_has_the_same_bits_whatever_stands_beside_it() -> None:
    rng = np.random.default_rng(1)
    words, videos = (texts(rng, tuple(rng.integers(1, 8, 40))) for _ in range(2))
    given = head("xclip", xclip_arrays(rng, 7, 7))
    whole = vrbench.score(words, videos, "xclip", head=given).t2v
    order = rng.permutation(40)[:17]
    few = vrbench.score([words[i] for i in order], videos[::-1], "xclip", head=given, workers=3).t2v
    np.testing.assert_array_equal(few, whole[order][:, ::-1])


def test_patches_are_read_like_frames() -> None:
    rng = np.random.default_rng(2)
    words, videos = texts(rng), frames(rng)
    found = vrbench.score(
        text_tokens(words), video_tokens(videos), "xclip:level=patch", precision="double"
    )
    own = [np.array([frame[0] for frame in video]) for video in videos]
    patches = [np.concatenate([frame[1:] for frame in video]) for video in videos]
    for i, text in enumerate(words):
        for j, video in enumerate(patches):
            value, _ = xclip(l2(video), l2(text), global_vector(own[j]), global_vector(text))
            assert abs(found.t2v[i, j] - value) < 1e-9


def test_items_longer_than_w_are_refused_by_name() -> None:
    rng = np.random.default_rng(3)
    words, videos = texts(rng), texts(rng, (4, 1))
    for sizes, said in (((4, 4), "text2.* has 5 tokens.*weights of 4"),
                        ((7, 3), "video0.* has 4 tokens.*weights of 3")):  # fmt: skip
        with pytest.raises(InputError, match=said):
            vrbench.score(words, videos, "xclip", head=head("xclip", xclip_arrays(rng, *sizes)))
    wide = {"global_mat_weight": np.eye(WIDTH + 1), "local_mat_weight": np.eye(WIDTH + 1)}
    with pytest.raises(InputError, match="6 wide, and the head has learnt a matrix for 7"):
        vrbench.score(words, videos, "xclip", head=head("xclip", xclip_arrays(rng) | wide))
