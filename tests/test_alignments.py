from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import oracles
import pytest
import torch
from numpy.typing import NDArray
from oracles import l2, make_captioned
from small_features import tokens_of

import vrbench
from vrbench.alignments import alignments, driver, fused, parse_method
from vrbench.alignments.base import TokenAlignment, VectorAlignment
from vrbench.compiling import available
from vrbench.errors import InputError
from vrbench.features import Tokens
from vrbench.sims.sim import Sim

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.items import Items
    from vrbench.alignments.tiles import Tile

Array = NDArray[Any]

ORACLES: dict[str, oracles.Alignment] = {
    "emd": oracles.emd,
    "global": oracles.global_,
    "lse": oracles.lse,
    "max-avg": oracles.max_avg,
    "max-sum": oracles.max_sum,
    "scan": oracles.scan,
    "scan-original": oracles.scan_original,
    "token-mean": oracles.token_mean,
    "tokenflow": oracles.tokenflow,
    "transport": oracles.transport,
    "uniform": oracles.uniform,
}
"""The slow reference of each alignment. Whoever adds an alignment adds its reference."""

REGISTERED = tuple(alignments.classes())
SPECS = (
    *REGISTERED,
    "emd:eps=0",
    "emd:eps=0.2",
    "lse:alpha=0.05",
    "lse:alpha=0.3,length_norm=true",
    "scan:lam=0",
    "scan:lam=40",
    "scan-original:lam=4,agg=lse",
    "tokenflow:lam=0",
    "tokenflow:lam=50",
    "transport:reg=0.02,iterations=7,eps=0.1",
    "transport:reg=1",
    "0.5*global+0.5*tokenflow:lam=5",
    "2*max-avg+-0.25*emd+scan",
)


def score(text: Tokens, video: Tokens, spec: str, **options: Any) -> Sim:
    return driver.score(text, video, parse_method(spec), **options)


def reference(
    spec: str,
    texts: Sequence[Array],
    videos: Sequence[Array],
    text_globals: Array | Sequence[Array] | None = None,
    video_globals: Array | Sequence[Array] | None = None,
) -> tuple[Array, Array]:
    """Both directions of a spec, from the slow references; vectors as they are given."""
    t2v = v2t = np.zeros((len(texts), len(videos)))
    for weight, part in parse_method(spec).parts:
        name = alignments.spec(part).partition(":")[0]
        assert name in ORACLES, f"{name} needs a slow reference in tests/oracles.py and in ORACLES"
        found = oracles.pairwise(
            ORACLES[name], texts, videos, text_globals, video_globals, **vars(part)
        )
        t2v, v2t = t2v + weight * found[0], v2t + weight * found[1]
    return t2v, v2t


def assert_close(sim: Sim, expected: tuple[Array, Array], tolerance: float) -> None:
    np.testing.assert_allclose(sim.t2v, expected[0], rtol=0, atol=tolerance)
    np.testing.assert_allclose(sim.v2t, expected[1], rtol=0, atol=tolerance)


def assert_same_bits(sim: Sim, other: Sim) -> None:
    np.testing.assert_array_equal(sim.t2v, other.t2v)
    np.testing.assert_array_equal(sim.v2t, other.v2t)


@cache
def items(seed: int = 0) -> tuple[list[Array], list[Array]]:
    """6 texts and 8 videos of 1 to 7 tokens, not of length 1."""
    texts, videos, _ = make_captioned(seed, (1, 0, 2, 1, 0, 1, 1, 0), (1, 2, 3, 5, 7), 16)
    rng = np.random.default_rng(seed)
    both = [[item * rng.uniform(0.2, 1.5, (len(item), 1)) for item in s] for s in (texts, videos)]
    assert {len(item) for item in texts} >= {1}
    assert {len(item) for item in videos} >= {1}
    return both[0], both[1]


@cache
def crowd(dim: int = 16) -> tuple[Tokens, Tokens]:
    """65 texts and 55 videos: runs of all sizes, remainders of every kind."""
    texts, videos, owner = make_captioned(7, [2] * 10 + [1] * 45, (1, 2, 3, 4, 7, 10, 12), dim)
    rng = np.random.default_rng(8)
    return (
        tokens_of(texts, "text", vectors=rng.standard_normal((len(texts), dim)), video=owner),
        tokens_of(videos, "video"),
    )


# --- equal to the formulas


@cache
def cosines(spec: str) -> tuple[Array, Array]:
    texts, videos = items()
    return reference(spec, [l2(x) for x in texts], [l2(x) for x in videos])


@pytest.mark.parametrize("spec", SPECS)
def test_cosines_equal_the_formula(spec: str) -> None:
    texts, videos = items()
    assert_close(vrbench.score(texts, videos, spec, precision="double"), cosines(spec), 1e-9)


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


# --- nothing but the pair decides its similarity


@pytest.fixture(params=["numba", "torch"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reductions compiled by numba where there are any, and none of them."""
    if request.param == "torch":
        monkeypatch.setattr(fused, "available", lambda: False)


ENGINES = pytest.mark.usefixtures("engine")
PRECISIONS = pytest.mark.parametrize("precision", ["single", "double"])
BITWISE = pytest.mark.parametrize(
    "spec", [*REGISTERED, "scan-original:agg=lse", "lse:alpha=0.3,length_norm=true", "global+scan"]
)


@ENGINES
@PRECISIONS
@BITWISE
def test_order_permutes_bit_for_bit(spec: str, precision: Any) -> None:
    text, video = crowd()
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(len(text)), rng.permutation(len(video))
    whole = score(text, video, spec, precision=precision)
    shuffled = score(text.take(rows), video.take(columns), spec, precision=precision)
    grid = np.ix_(rows, columns)
    assert_same_bits(shuffled, Sim(whole.t2v[grid], whole.v2t[grid]))


BYTES_PER_TOKEN = 16 * 8 * 3
"""What the driver reckons with for a token of 16 numbers."""


@ENGINES
@PRECISIONS
@BITWISE
def test_blocks_panels_and_workers_change_no_bit(
    spec: str, precision: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, video = crowd()
    whole = score(text, video, spec, precision=precision, workers=1)
    assert_same_bits(score(text, video, spec, precision=precision, workers=3), whole)
    size = 70 * BYTES_PER_TOKEN
    assert_same_bits(score(text, video, spec, precision=precision, block_bytes=size), whole)
    monkeypatch.setattr(driver, "WORDS", 60)
    monkeypatch.setattr(driver, "FRAMES", 90)
    monkeypatch.setattr(driver, "TILE", 100)
    assert_same_bits(score(text, video, spec, precision=precision), whole)


@ENGINES
@BITWISE
def test_an_item_alone_has_the_bits_that_it_has_among_others(spec: str) -> None:
    text, video = crowd()
    whole = score(text, video, spec)
    few = score(text.block(20, 26), video.block(10, 15), spec, block_bytes=1)
    assert_same_bits(few, Sim(whole.t2v[20:26, 10:15], whole.v2t[20:26, 10:15]))


@ENGINES
@BITWISE
def test_wide_tokens_change_no_bit_either(spec: str) -> None:
    text, video = crowd(300)
    rows = np.random.default_rng(2).permutation(len(text))[:31]
    whole = score(text, video, spec)
    part = score(text.take(rows), video.block(9, 42), spec)
    assert_same_bits(part, Sim(whole.t2v[rows, 9:42], whole.v2t[rows, 9:42]))


@pytest.mark.parametrize("spec", SPECS)
def test_longer_neighbours_pad_nothing(spec: str) -> None:
    texts, videos = items()
    long = np.random.default_rng(5).standard_normal((2, 61, 16))
    alone = vrbench.score(texts, videos, spec)
    among = vrbench.score([long[0], *texts], [*videos, long[1]], spec)
    assert_same_bits(alone, Sim(among.t2v[1:, :-1], among.v2t[1:, :-1]))


@ENGINES
@PRECISIONS
@BITWISE
def test_equal_items_score_equally_to_the_last_bit(spec: str, precision: Any) -> None:
    text, video = crowd()
    rng = np.random.default_rng(6)
    rows = np.concatenate([np.arange(len(text)), rng.integers(0, len(text), 40)])
    columns = np.concatenate([np.arange(len(video)), rng.integers(0, len(video), 50)])
    sim = score(text.take(rows), video.take(columns), spec, precision=precision)
    _, first_row = np.unique(rows, return_index=True)
    _, first_column = np.unique(columns, return_index=True)
    grid = np.ix_(first_row[rows], first_column[columns])
    assert_same_bits(sim, Sim(sim.t2v[grid], sim.v2t[grid]))


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("spec", SPECS)
def test_inputs_are_not_changed(spec: str, normalized: bool) -> None:
    # float32 and contiguous: what torch would otherwise work on in place
    texts, videos = ([x.astype(np.float32) for x in side] for side in items())
    vectors = np.random.default_rng(9).standard_normal((len(texts), 16)).astype(np.float32)
    text = tokens_of(texts, "text", vectors=vectors, normalized=normalized)
    video = tokens_of(videos, normalized=normalized)
    before = [a.copy() for a in (text.tokens, text.global_vectors, text.offsets, video.tokens)]
    score(text, video, spec)
    after = (text.tokens, text.global_vectors, text.offsets, video.tokens)
    for was, now in zip(before, after, strict=True):
        np.testing.assert_array_equal(now, was)


def test_lists_and_tensors_are_read_and_not_changed() -> None:
    texts, videos = items()
    tensors = [torch.tensor(x, requires_grad=True) for x in texts]
    sim = vrbench.score(tensors, videos, "scan", precision="double")
    assert_same_bits(sim, vrbench.score(texts, videos, "scan", precision="double"))
    for tensor, array in zip(tensors, texts, strict=True):
        np.testing.assert_array_equal(tensor.detach().numpy(), array)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32])
def test_tensors_of_every_type_are_read(kind: torch.dtype) -> None:
    texts, videos = ([torch.tensor(x).to(kind) for x in side] for side in items())
    wide = [[x.double().numpy() for x in side] for side in (texts, videos)]
    expected = vrbench.score(wide[0], wide[1], "scan", precision="double")
    sim = vrbench.score(texts, videos, "scan", precision="double")
    assert_close(sim, (expected.t2v, expected.v2t), 1e-12)


# --- what is read of an item


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
        (np.ones((3, 16)), "Text 0 has shape"),
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


# --- laws


def random_sim(spec: str, **options: Any) -> Sim:
    return vrbench.score(*items(2), spec, precision="double", **options)


def near(a: Any, b: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


def test_uniform_is_the_product_of_the_mean_tokens() -> None:
    means = [np.array([l2(x).mean(axis=0) for x in side]) for side in items(2)]
    sim = random_sim("uniform")
    near(sim.t2v, means[0] @ means[1].T)
    near(sim.v2t, sim.t2v)


def test_global_is_the_cosine_of_the_mean_tokens() -> None:
    means = [l2(np.array([l2(x).mean(axis=0) for x in side])) for side in items(2)]
    near(random_sim("global").t2v, means[0] @ means[1].T)


def test_max_avg_is_the_limit_of_scan() -> None:
    sharp, hard = random_sim("scan:lam=100000"), random_sim("max-avg")
    near(sharp.t2v, hard.t2v, 1e-5)
    near(sharp.v2t, hard.v2t, 1e-5)
    assert np.abs(random_sim("scan").t2v - hard.t2v).max() > 1e-3


def test_scan_without_sharpness_is_uniform() -> None:
    near(random_sim("scan:lam=0").t2v, random_sim("uniform").t2v)
    near(random_sim("scan:lam=0").v2t, random_sim("uniform").t2v)


def test_lse_goes_to_token_mean_and_to_uniform() -> None:
    near(random_sim("lse:alpha=1e-7").t2v, random_sim("token-mean").t2v, 1e-6)
    soft = random_sim("lse:alpha=100000,length_norm=true")
    near(soft.t2v, random_sim("uniform").t2v, 1e-4)


def test_length_norm_takes_the_lengths_away() -> None:
    texts, videos = items(2)
    lengths = [np.log([len(x) for x in side]) for side in (texts, videos)]
    with_length = random_sim("lse:alpha=0.5").t2v
    expected = with_length - 0.25 * (lengths[0][:, None] + lengths[1])
    near(random_sim("lse:alpha=0.5,length_norm=true").t2v, expected)


def test_max_sum_is_max_avg_times_the_length() -> None:
    texts, videos = items(2)
    mean, total = random_sim("max-avg"), random_sim("max-sum")
    near(total.t2v, mean.t2v * np.array([len(x) for x in texts])[:, None])
    near(total.v2t, mean.v2t * np.array([len(x) for x in videos]))


def test_token_mean_is_the_mean_of_both_directions_of_max_avg() -> None:
    both = random_sim("max-avg")
    near(random_sim("token-mean").t2v, (both.t2v + both.v2t) / 2)


def test_tokenflow_without_sharpness_has_a_closed_form() -> None:
    texts, videos = ([l2(x) for x in side] for side in items(2))
    sim = random_sim("tokenflow:lam=0")
    for i, omega in enumerate(texts):
        for j, mu in enumerate(videos):
            gt, gv = (oracles.global_vector(x) for x in (omega, mu))
            near(sim.t2v[i, j], ((omega @ gv) * (omega @ mu.T).mean(axis=1)).mean())
            near(sim.v2t[i, j], ((mu @ gt) * (mu @ omega.T).mean(axis=1)).mean())


def test_emd_of_an_item_with_itself_is_one_and_of_single_tokens_the_cosine() -> None:
    texts, videos = items(2)
    both = [*texts, *videos]
    near(np.diag(vrbench.score(both, both, "emd", precision="double").t2v), 1)
    first = [x[:1] for x in texts], [x[:1] for x in videos]
    sim = vrbench.score(first[0], first[1], "emd", precision="double")
    near(sim.t2v, vrbench.score(first[0], first[1], "global", precision="double").t2v)
    assert sim.t2v.max() < 1 - 1e-3


def test_emd_of_equal_single_tokens_is_one() -> None:
    token = np.array([[1.0, 2.0, 2.0]])
    sim = vrbench.score([token, 5 * token], [token], "emd", precision="double")
    near(sim.t2v, 1)


def test_emd_stays_below_the_best_match_of_every_mass() -> None:
    texts, videos = ([l2(x) for x in side] for side in items(2))
    sim = random_sim("emd")
    for i, omega in enumerate(texts):
        for j, mu in enumerate(videos):
            gt, gv = (oracles.global_vector(x) for x in (omega, mu))
            c = mu @ omega.T
            d, e = (
                np.array(oracles.emd_masses([float(x) for x in weight], 0.001))
                for weight in (mu @ gt, omega @ gv)
            )
            assert sim.t2v[i, j] <= d @ c.max(axis=1) + 1e-12
            assert sim.t2v[i, j] <= e @ c.max(axis=0) + 1e-12
            # moving mass in proportion is one of the plans
            assert sim.t2v[i, j] >= d @ c @ e - 1e-12


def test_transport_without_entropy_is_emd() -> None:
    sharp = random_sim("transport:reg=0.002,iterations=3000")
    near(sharp.t2v, random_sim("emd").t2v, 1e-3)


def test_transport_is_what_pot_converges_to() -> None:
    import ot

    texts, videos = ([l2(x) for x in side] for side in items(2))
    sim = random_sim("transport:reg=0.2,iterations=500")
    for i, omega in enumerate(texts):
        for j, mu in enumerate(videos):
            gt, gv = (oracles.global_vector(x) for x in (omega, mu))
            d, e = (
                np.array(oracles.emd_masses([float(x) for x in weight], 0.001))
                for weight in (mu @ gt, omega @ gv)
            )
            c = mu @ omega.T
            plan = ot.sinkhorn(d, e, 1 - c, 0.2, stopThr=1e-14, numItermax=5000)
            near(sim.t2v[i, j], (plan * c).sum(), 1e-8)


@pytest.mark.parametrize("spec", REGISTERED)
def test_exchanging_the_sides_exchanges_the_directions(spec: str) -> None:
    texts, videos = items(2)
    there = vrbench.score(texts, videos, spec, precision="double")
    back = vrbench.score(videos, texts, spec, precision="double")
    near(back.t2v, there.v2t.T)
    near(back.v2t, there.t2v.T)


@pytest.mark.parametrize("spec", SPECS)
def test_symmetric_says_that_both_directions_are_the_same(spec: str) -> None:
    sim = random_sim(spec)
    assert (np.abs(sim.t2v - sim.v2t).max() == 0) == parse_method(spec).symmetric


def test_a_sum_is_the_sum_of_the_matrices() -> None:
    parts = {
        "max-avg": 2.0,
        "emd": -0.25,
        "tokenflow:lam=5": 1.0,
        "global": 0.5,
    }
    sim = random_sim("+".join(f"{weight}*{spec}" for spec, weight in parts.items()))
    alone = {spec: random_sim(spec) for spec in parts}
    near(sim.t2v, sum(weight * alone[spec].t2v for spec, weight in parts.items()))
    near(sim.v2t, sum(weight * alone[spec].v2t for spec, weight in parts.items()))


def test_the_default_is_tokenflow() -> None:
    assert_same_bits(vrbench.score(*items()), vrbench.score(*items(), "tokenflow:lam=10"))


# --- compiled reductions

COMPILED = [
    *("tokenflow", "tokenflow:lam=0", "tokenflow:lam=60", "scan", "scan:lam=0", "scan:lam=60"),
    *("lse", "lse:alpha=0.02", "lse:alpha=0.3,length_norm=true", "max-avg", "max-sum"),
    *("transport", "transport:reg=0.04,iterations=3,eps=0.1"),
    *("emd", "emd:eps=0", "emd:eps=0.2"),
    *("token-mean", "0.5*global+0.5*tokenflow", "scan+emd"),
]


@pytest.mark.skipif(not available(), reason="numba is not installed")
@pytest.mark.parametrize("spec", COMPILED)
def test_compiled_reductions_give_the_same_numbers(spec: str) -> None:
    assert fused.compiles(parse_method(spec))
    text, video = crowd(64)
    fast, plain = score(text, video, spec), score(text, video, spec, compiled=False)
    scale = max(1.0, float(np.abs(plain.t2v).max()), float(np.abs(plain.v2t).max()))
    assert_close(fast, (plain.t2v, plain.v2t), 1e-6 * scale)


@pytest.mark.parametrize("spec", ["tokenflow:lam=61", "scan:lam=80", "lse:alpha=0.01"])
def test_what_the_kernels_cannot_reach_is_left_to_torch(spec: str) -> None:
    assert not fused.compiles(parse_method(spec))
    text, video = crowd()
    assert_same_bits(score(text, video, spec), score(text, video, spec, compiled=False))


@pytest.mark.parametrize("options", [{"precision": "double"}, {"normalized": False}], ids=str)
def test_doubles_and_dot_products_are_left_to_torch(options: dict[str, Any]) -> None:
    text, video = (replace(side, normalized=options.get("normalized", True)) for side in crowd())
    how = {"precision": options.get("precision", "single")}
    sim = score(text, video, "tokenflow", **how)
    assert_same_bits(sim, score(text, video, "tokenflow", **how, compiled=False))


# --- the driver


@pytest.mark.parametrize("spec", ["global", "scan", "emd", "global+scan"])
def test_only_the_direction_that_is_kept_is_made(spec: str) -> None:
    text, video = crowd()
    both = score(text, video, spec)
    t2v, v2t = score(text, video, spec, keep="t2v"), score(text, video, spec, keep="v2t")
    assert t2v.v2t is None
    assert v2t.t2v is None
    assert_same_bits(Sim(t2v.t2v, v2t.v2t), both)


@pytest.mark.parametrize("spec", ["global", "scan", "global+0.5*scan"])
def test_progress_counts_every_pair_once(spec: str) -> None:
    text, video = crowd()
    seen: list[tuple[int, int]] = []
    score(text, video, spec, block_bytes=20_000, progress=lambda *args: seen.append(args))
    pairs = len(text) * len(video) * len(parse_method(spec).parts)
    done = [count for count, _ in seen]
    assert {total for _, total in seen} == {pairs}
    assert done == sorted(set(done))
    assert done[-1] == pairs


@pytest.fixture
def put_back() -> Iterator[None]:
    """Forget what a test registers."""
    before = dict(alignments._classes)
    yield
    alignments._classes.clear()
    alignments._classes.update(before)


@pytest.mark.usefixtures("put_back")
def test_a_few_lines_make_an_alignment() -> None:
    @alignments.register("first-frame")
    @dataclass(frozen=True)
    class FirstFrame(TokenAlignment):
        scale: float = 1.0

        def reduce(self, tile: Tile) -> tuple[Tensor, Tensor]:
            return self.scale * tile.c[:, :, 0].amax(1), self.scale * tile.c[:, 0].amax(1)

    texts, videos = ([l2(x) for x in side] for side in items())
    sim = vrbench.score(texts, videos, "0.5*first-frame:scale=4", precision="double")
    near(sim.t2v, [[2 * max(text @ video[0]) for video in videos] for text in texts])
    near(sim.v2t, [[2 * max(video @ text[0]) for video in videos] for text in texts])


@pytest.mark.usefixtures("put_back")
def test_a_few_lines_make_an_alignment_of_vectors() -> None:
    @alignments.register("first")
    @dataclass(frozen=True)
    class First(VectorAlignment):
        def vectors(self, items: Items) -> Tensor:
            return items.tokens[items.offsets[:-1]]

    texts, videos = ([l2(x) for x in side] for side in items())
    sim = vrbench.score(texts, videos, "first", precision="double")
    near(sim.v2t, [[text[0] @ video[0] for video in videos] for text in texts])


@pytest.mark.parametrize("spec", SPECS)
def test_one_item_a_side_is_enough(spec: str) -> None:
    texts, videos = items()
    alone = vrbench.score(texts[:1], videos[:1], spec)
    assert alone.t2v.shape == alone.v2t.shape == (1, 1)
    assert_close(alone, tuple(x[:1, :1] for x in cosines(spec)), 1e-5)  # type: ignore[arg-type]


def test_numbers_of_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    vrbench.score(*items(), "scan", workers=2)
    assert torch.get_num_threads() == before


def test_an_error_in_a_thread_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> tuple[Tensor, Tensor]:
        raise RuntimeError("no luck")

    reduce: Callable[..., Any] = fail
    monkeypatch.setattr(alignments.classes()["scan-original"], "reduce", reduce)
    with pytest.raises(RuntimeError, match="no luck"):
        vrbench.score(*items(), "scan-original", workers=2)


def test_replacing_the_tokens_of_a_side_is_seen() -> None:
    text, video = crowd()
    other = replace(video, tokens=video.tokens[::-1].copy())
    assert (score(text, other, "max-avg").t2v != score(text, video, "max-avg").t2v).any()
