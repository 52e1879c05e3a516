"""The method ucofia against slow float64 loops, and its laws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from oracle_attended import isa, saliency, ucofia_levels
from oracles import global_vector, l2
from patched import (
    WIDTH,
    Array,
    frames,
    head,
    selector,
    text_tokens,
    texts,
    ucofia_arrays,
    video_tokens,
)

import vrbench
from vrbench.alignments import parse_method
from vrbench.alignments.attended import Attention
from vrbench.errors import InputError


def kept(video: list[Array], weights: dict[str, Array], k: int) -> list[Array]:
    """Of each frame the patches that score highest, in their order."""
    scores = saliency(video, {key.removeprefix("selector."): w for key, w in weights.items()})
    return [
        frame[sorted(1 + np.argsort(-own[1:], kind="stable")[:k])]
        for frame, own in zip(video, scores, strict=True)
    ]


def expected(
    words: list[Array], videos: list[list[Array]], weights: dict[str, Array], bi: str, k: int
) -> Array:
    """(3, texts, videos)."""
    found = np.zeros((3, len(words), len(videos)))
    for j, video in enumerate(videos):
        own = np.array([frame[0] for frame in video])
        patches = l2(np.concatenate(kept(video, weights, k)))
        for i, text in enumerate(words):
            sides = l2(own), l2(text), global_vector(own), global_vector(text)
            found[:, i, j] = ucofia_levels(*sides, patches, weights=weights, bi=bi)
    return found


@pytest.mark.parametrize(("precision", "near"), [("double", 1e-9), ("single", 2e-4)])
@pytest.mark.parametrize("bi", ["both", "patch-word", "word-patch"])
def test_levels_equal_the_loops(bi: str, precision: Any, near: float) -> None:
    rng = np.random.default_rng(0)
    words, videos, arrays = texts(rng), frames(rng), ucofia_arrays(rng)
    sides = text_tokens(words), video_tokens(videos)
    sim = vrbench.score(
        *sides, f"ucofia:k=2,bi={bi}", head=head("ucofia", arrays), precision=precision
    )
    loops = expected(words, videos, arrays, bi, 2)
    assert sim.t2v.shape == loops.shape
    np.testing.assert_allclose(sim.t2v, loops, atol=near)
    assert sim.v2t is sim.t2v
    np.testing.assert_allclose(sim.flat().t2v, loops.mean(axis=0), atol=near)
    some = vrbench.score(
        *sides, "ucofia:levels=patch+video,k=2,bi=" + bi, head=head("ucofia", arrays),
        precision=precision,
    )  # fmt: skip
    np.testing.assert_array_equal(some.t2v, sim.t2v[[2, 0]])


def test_without_a_head_matrices_are_the_identity_and_all_patches_stay() -> None:
    rng = np.random.default_rng(1)
    words, videos = texts(rng), frames(rng)
    sim = vrbench.score(text_tokens(words), video_tokens(videos), "ucofia", precision="double")
    for j, video in enumerate(videos):
        own = np.array([frame[0] for frame in video])
        patches = l2(np.concatenate([frame[1:] for frame in video]))
        for i, text in enumerate(words):
            sides = l2(own), l2(text), global_vector(own), global_vector(text)
            loops = ucofia_levels(*sides, patches)
            np.testing.assert_allclose(sim.t2v[:, i, j], loops, atol=1e-12)


def test_the_level_video_alone_is_global() -> None:
    rng = np.random.default_rng(2)
    sides = text_tokens(texts(rng)), video_tokens(frames(rng))
    for precision in ("single", "double"):
        options: dict[str, Any] = {"precision": precision}
        found = vrbench.score(*sides, "ucofia:levels=video", **options)
        known = vrbench.score(*sides, "global", **options)
        np.testing.assert_array_equal(found.t2v, known.t2v)
        assert found.t2v.shape == (4, 5)


def test_isa_of_one_token_is_that_token() -> None:
    import torch

    x = torch.tensor([[[0.3]], [[-0.7]]], dtype=torch.float64)
    for weight in (None, torch.eye(3, dtype=torch.float64)):
        assert torch.equal(Attention(weight)(x, 1), x[:, 0])
        assert torch.equal(Attention(weight, twice=False)(x, 1), x[:, 0])
    assert isa([0.3]) == 0.3


def test_bi_isa_is_symmetric_under_transposition() -> None:
    """With identities, patches that take the words' place give the same level."""
    rng = np.random.default_rng(3)
    words, patches = texts(rng, (3, 5)), texts(rng, (4, 2))
    frame = np.ones((1, WIDTH))
    asked, turned = (
        vrbench.score(
            text_tokens(a), video_tokens([[np.concatenate([frame, x])] for x in b]),
            "ucofia:levels=patch", precision="double",
        )
        for a, b in ((words, patches), (patches, words))
    )  # fmt: skip
    np.testing.assert_allclose(turned.t2v, asked.t2v.T, atol=1e-12)


SPECS = ["ucofia:k=2", "ucofia:k=1,bi=patch-word", "ucofia:k=2,variant=released"]


@pytest.mark.parametrize("learnt", [True, False])
@pytest.mark.parametrize("spec", SPECS)
def test_an_item_has_the_same_bits_whatever_stands_beside_it(spec: str, learnt: bool) -> None:
    rng = np.random.default_rng(4)
    counts = [tuple(rng.integers(1, 6, rng.integers(1, 4))) for _ in range(30)]
    words, videos = texts(rng, tuple(rng.integers(1, 8, 40))), frames(rng, counts)
    arrays = head("ucofia", ucofia_arrays(rng, most=5))
    given = {k: v.astype(np.float32) for k, v in arrays.items()} if learnt else None
    sides = text_tokens(words), video_tokens(videos)
    whole = vrbench.score(*sides, spec, head=given).t2v
    np.testing.assert_array_equal(vrbench.score(*sides, spec, head=given, workers=3).t2v, whole)
    rows, columns = rng.permutation(40)[:17], rng.permutation(30)[:11]
    few = vrbench.score(sides[0].take(rows), sides[1].take(columns), spec, head=given).t2v
    np.testing.assert_array_equal(few, whole[:, rows][:, :, columns])
    alone = vrbench.score(sides[0].block(5, 6), sides[1].block(7, 8), spec, head=given).t2v
    np.testing.assert_array_equal(alone[:, 0, 0], whole[:, 5, 7])


def test_frames_are_told_by_place_or_by_number() -> None:
    rng = np.random.default_rng(5)
    arrays = head("ucofia", ucofia_arrays(rng))
    words, videos = text_tokens(texts(rng)), video_tokens(frames(rng))
    spec = "ucofia:levels=patch,k=2"
    whole = vrbench.score(words, videos, spec, head=arrays).t2v
    columns = dict(videos.token_columns)
    level = {"level": columns["level"]}
    by_place = replace(videos, token_columns=level)
    np.testing.assert_array_equal(vrbench.score(words, by_place, spec, head=arrays).t2v, whole)
    # all frames first: only their numbers say whose each patch is
    order = np.concatenate([
        start + np.argsort(columns["level"][start:stop], kind="stable")
        for start, stop in zip(videos.offsets, videos.offsets[1:], strict=False)
    ])  # fmt: skip
    moved = replace(
        videos,
        tokens=videos.tokens[order],
        token_columns={key: value[order] for key, value in columns.items()},
    )
    np.testing.assert_array_equal(vrbench.score(words, moved, spec, head=arrays).t2v, whole)
    lost = replace(moved, token_columns={"level": columns["level"][order]})
    with pytest.raises(InputError, match="does not say which frame each patch belongs to"):
        vrbench.score(words, lost, spec, head=arrays)


def test_released_fills_up_reads_patches_as_they_are_and_scales_two_levels() -> None:
    rng = np.random.default_rng(6)
    words, videos, arrays = texts(rng), frames(rng), ucofia_arrays(rng)
    sim = vrbench.score(
        text_tokens(words), video_tokens(videos), "ucofia:k=2,variant=released",
        head=head("ucofia", arrays), precision="double",
    )  # fmt: skip
    maps = {k: w for k, w in arrays.items() if k not in ("local_mat_weight1",)}
    for j, video in enumerate(videos):
        own = np.array([frame[0] for frame in video])
        some = zip(video, kept(video, arrays, 2), strict=True)
        rows = [np.concatenate([frame[:1], best]) for frame, best in some]
        patches = np.zeros((16, WIDTH))
        patches[: sum(map(len, rows))] = np.concatenate(rows)
        filled = np.zeros((4, WIDTH))
        filled[: len(own)] = l2(own)
        for i, text in enumerate(words):
            slots = np.zeros((7, WIDTH))
            slots[: len(text)] = l2(text)
            sides = filled, slots, global_vector(own), global_vector(text)
            loops = ucofia_levels(*sides, patches, weights=maps)
            np.testing.assert_allclose(
                sim.t2v[:, i, j], [100 * loops[0], 100 * loops[1], loops[2]], atol=1e-9
            )


def test_without_patches_it_says_what_is_missing() -> None:
    rng = np.random.default_rng(7)
    words, videos = texts(rng), video_tokens(frames(rng))
    plain = replace(videos, token_columns={})
    for spec in ("ucofia", "ucofia:levels=patch", "0.5*global+ucofia"):
        with pytest.raises(InputError, match=r"no patches.*ucofia:levels=video\+frame") as caught:
            vrbench.score(text_tokens(words), plain, spec)
        assert str(caught.value).count(". ") == 0
    assert vrbench.score(words, plain, "ucofia:levels=video+frame").t2v.shape == (2, 4, 5)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("ucofia:levels=videos", "Unknown level 'videos'"),
        ("ucofia:levels=video+video", "stands twice"),
        ("ucofia:k=0", "k must be at least 1"),
        ("ucofia:bi=neither", "must be one of both, patch-word, word-patch"),
    ],
)
def test_wrong_parameters_are_refused(spec: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_method(spec)


def test_a_list_of_levels_is_one_term_of_a_sum() -> None:
    for spec in ("ucofia:levels=video+frame", "0.5*ucofia:levels=frame+patch,k=4+global",
                 "global+2*ucofia:k=2,levels=patch"):  # fmt: skip
        assert len(parse_method(spec).parts) == 1 + spec.count("global")
        assert parse_method(parse_method(spec).spec) == parse_method(spec)
    assert parse_method("ucofia").levels != ()
    assert parse_method("ucofia:levels=patch").levels == ()
    assert parse_method("ucofia+global").levels == ()


def test_items_longer_than_w_are_refused_by_name() -> None:
    rng = np.random.default_rng(8)
    words, videos = text_tokens(texts(rng)), video_tokens(frames(rng))
    with pytest.raises(InputError, match=r"text2.* has 5 tokens.*weights of 4"):
        vrbench.score(words, videos, "ucofia", head=head("ucofia", ucofia_arrays(rng, words=4)))
    with pytest.raises(InputError, match=r"video[23].* has 3 tokens.*weights of 2"):
        vrbench.score(words, videos, "ucofia", head=head("ucofia", ucofia_arrays(rng, most=2)))
    wrong = head("ucofia", ucofia_arrays(rng) | {
        f"selector.{name}": w for name, w in selector(rng, 4).items()})  # fmt: skip
    with pytest.raises(InputError, match="reads 8 numbers, and a patch and its frame have 12"):
        vrbench.score(words, videos, "ucofia", head=wrong)
