from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import oracle_sequences as oracle
import pytest
from numpy.typing import NDArray

import vrbench
from vrbench.errors import InputError
from vrbench.sequences import drop_dtw, path, score, sequences, sinkhorn, transport_plan
from vrbench.sequences.compiled import compiled
from vrbench.sequences.plan import Variant

Array = NDArray[np.float64]

TEXTS = np.array([3, 1, 5, 2, 3, 4])
VIDEOS = np.array([4, 1, 5, 2, 3])
LONGEST = (5, 5)
SPECS = (
    *("cap-avg", "vote", "dtw", "otam", "transport", "transport:bucket_value=0.2", "drop-dtw"),
    *("dtw:length_norm=path", "otam:length_norm=path", "dtw:background=true"),
)


def make(seed: int, low: float = -0.5, high: float = 0.9) -> Array:
    """Similarities of all captions and clips, without ties."""
    rng = np.random.default_rng(seed)
    return rng.uniform(low, high, (int(TEXTS.sum()), int(VIDEOS.sum())))


def each_pair(sim: Array, work: Callable[[Array], float]) -> Array:
    """(paragraphs, videos) of a slow function of one pair's matrix."""
    rows, columns = (np.split(np.arange(x.sum()), np.cumsum(x)[:-1]) for x in (TEXTS, VIDEOS))
    return np.array([[work(sim[np.ix_(r, c)]) for c in columns] for r in rows])


def product(d: Array) -> float:
    return LONGEST[0] * LONGEST[1] / d.size


ORACLES: dict[str, Callable[[Array], float]] = {
    "cap-avg": lambda s: float(np.mean([max(row) for row in s])),
    "dtw": lambda s: -product(s) * oracle.dtw(1 - s),
    "dtw:offset=0,length_norm=none": lambda s: -oracle.dtw(-s),
    "dtw:offset=3,length_norm=max": lambda s: -5 / max(s.shape) * oracle.dtw(3 - s),
    "otam": lambda s: -product(s) * oracle.otam(1 - s),
    "otam:offset=0,length_norm=max": lambda s: -5 / max(s.shape) * oracle.otam(-s),
    "dtw:variant=tempclr": lambda s: -product(s) * oracle.released_dtw(1 - s, LONGEST),
    "dtw:variant=norton,offset=0": lambda s: -product(s) * oracle.released_dtw(-s, LONGEST),
    "otam:variant=tempclr": lambda s: -product(s) * oracle.released_otam(1 - s, LONGEST),
    "otam:variant=norton,offset=0": lambda s: -product(s) * oracle.released_otam(-s, LONGEST),
    "dtw:background=true": lambda s: (
        -product(oracle.kept_clips(1 - s)) * oracle.dtw(oracle.kept_clips(1 - s))
    ),
    "otam:background=true,variant=norton,length_norm=none": lambda s: (
        -oracle.released_otam(oracle.kept_clips(1 - s), LONGEST)
    ),
    "transport": lambda s: float((oracle.plan(s, 0.1, None, 50, "exact") * s).sum()),
    "transport:reg=0.5,bucket_value=0.2,iterations=7": lambda s: float(
        (oracle.plan(s, 0.5, 0.2, 7, "exact") * s).sum()
    ),
    "transport:bucket_value=-0.1,variant=norton": lambda s: float(
        (oracle.plan(s, 0.1, -0.1, 50, "norton") * s).sum()
    ),
    "drop-dtw": lambda s: (
        -oracle.drop_dtw(
            1 - s, np.full(s.shape[1], np.quantile(1 - s, 0.3)), s.shape[0] <= s.shape[1], True
        )
    ),
}


@pytest.mark.parametrize("spec", ORACLES)
def test_a_score_is_that_of_slow_loops(spec: str) -> None:
    for seed in range(3):
        sim = make(seed)
        found = score(sim, TEXTS, VIDEOS, spec)
        assert np.abs(found - each_pair(sim, ORACLES[spec])).max() < 1e-9


def test_a_vote_goes_to_the_video_of_the_best_clip_and_ties_share_it() -> None:
    sim = np.array([[0.9, 0.1, 0.9, 0.9], [0.1, 0.2, 0.3, 0.1], [0.5, 0.5, 0.1, 0.2]])
    votes = score(sim, [2, 1], [2, 1, 1], "vote")
    assert np.allclose(votes, np.array([[1 / 3, 4 / 3, 1 / 3], [1, 0, 0]]))


# --- what the releases do, defect by defect


def test_released_padding_zeroes_the_last_caption_against_a_video_of_the_greatest_length() -> None:
    sim = make(0)
    longest = VIDEOS.max() == VIDEOS
    changed = sim.copy()
    ends = np.cumsum(TEXTS) - 1
    changed[ends] -= 0.4
    for spec in ("dtw:variant=tempclr", "dtw:variant=norton"):
        before, after = (score(s, TEXTS, VIDEOS, spec) for s in (sim, changed))
        assert np.array_equal(before[:, longest], after[:, longest])
        assert not np.array_equal(before[:, ~longest], after[:, ~longest])


def test_released_otam_is_0_in_the_orientation_that_has_the_greatest_length() -> None:
    sim = make(1)
    both = score(sim, TEXTS, VIDEOS, "otam:variant=norton,length_norm=none")
    paragraph, video = int(np.argmax(TEXTS)), int(np.argmax(VIDEOS))
    assert both[paragraph, video] == 0
    assert (score(sim, TEXTS, VIDEOS, "otam")[paragraph, video]) < 0


def test_released_padding_lets_the_path_skip_the_last_match() -> None:
    sim = np.array([[0.9, 0.1, 0.0], [0.1, -5.0, 0.0], [0.0, 0.0, 0.0]])
    released = score(sim, [2, 1], [2, 1], "dtw:variant=norton,length_norm=none")
    assert released[0, 0] == pytest.approx(-(1 - 0.9))  # the longest video: the row is zeroed
    apart = score(sim, [2, 1], [1, 2], "dtw:variant=norton,length_norm=none")
    assert apart[0, 0] == pytest.approx(-(1 - 0.9))  # a diagonal step into the zeros
    assert score(sim, [2, 1], [1, 2], "dtw:length_norm=none")[0, 0] == pytest.approx(-(0.1 + 0.9))


def test_released_otam_subtracts_in_the_first_column() -> None:
    sim = np.zeros((3, 3))
    sim[:2, 0] = 2.0, 1.5  # distances of -1 and -0.5 to the one clip
    spec = "otam:variant=tempclr,length_norm=none"
    released = score(sim, [2, 1], [1, 2], spec)[0, 0]
    # C[1, 1] = -0.5 - min(0, -1) = 0.5, so that the cheapest path leaves at the first caption; the
    # paragraph is the longest, so that the other orientation is 0
    assert -released == pytest.approx(min(-1.0, 0.5) + 0)
    assert -released == pytest.approx(oracle.released_otam(1 - sim[:2, :1], (2, 2)))
    exact = score(sim, [2, 1], [1, 2], "otam:length_norm=none")[0, 0]
    assert -exact == pytest.approx(min(-1.0, -0.5 + -1.0) + (-1.0 + -0.5))


def test_both_releases_have_one_padding() -> None:
    for name in ("dtw", "otam"):
        a, b = (score(make(2), TEXTS, VIDEOS, f"{name}:variant={v}") for v in ("tempclr", "norton"))
        assert np.array_equal(a, b)


# --- laws


@pytest.mark.parametrize("spec", SPECS)
def test_order_and_neighbours_play_no_part(spec: str) -> None:
    """Whatever other sequences stand beside a pair, of whatever length below the longest."""
    sim = make(3)
    whole = score(sim, TEXTS, VIDEOS, spec)
    order = np.array([2, 0, 4])
    rows = np.concatenate([np.arange(TEXTS[:p].sum(), TEXTS[: p + 1].sum()) for p in order])
    part = score(sim[rows], TEXTS[order], VIDEOS, spec)
    assert np.array_equal(part, whole[order])


@pytest.mark.parametrize("spec", ["transport", "transport:bucket_value=0.2", "transport:reg=0.003"])
def test_a_lone_pair_has_the_same_bits_as_among_others(spec: str) -> None:
    lengths = np.array([9, 9, 12])
    sim = np.random.default_rng(6).uniform(-0.2, 0.6, (30, 30))
    whole = score(sim, lengths, lengths, spec)
    for i in (0, 1):
        rows = slice(9 * i, 9 * i + 9)
        assert score(sim[rows, :9], [9], [9], spec)[0, 0] == whole[i, 0]


@pytest.mark.parametrize("spec", SPECS)
def test_half_precision_and_torch_come_in_and_nothing_is_changed(spec: str) -> None:
    import torch

    single = make(4).astype(np.float32)
    kept = single.copy()
    found = score(single, TEXTS, VIDEOS, spec)
    assert np.array_equal(single, kept)
    assert found.dtype == np.float64
    assert np.array_equal(found, score(torch.from_numpy(single), TEXTS, VIDEOS, spec))
    half = score(single.astype(np.float16), TEXTS, VIDEOS, spec)
    assert np.abs(half - found).max() < (1.01 if spec == "vote" else 0.1)


def test_reversing_both_sequences_leaves_dtw_unchanged() -> None:
    sim = make(5)[:5, :4]
    for spec in ("dtw", "dtw:offset=0", "dtw:length_norm=path"):
        forth, back = (score(s, [5], [4], spec) for s in (sim, sim[::-1, ::-1]))
        assert forth == pytest.approx(back, abs=1e-12)


def test_one_to_one_monotone_data_takes_the_diagonal() -> None:
    sim = np.eye(6) * 0.8 + np.random.default_rng(0).uniform(0, 0.1, (6, 6))
    diagonal = [(i, i) for i in range(6)]
    assert path(sim, "dtw") == diagonal
    assert path(sim, "otam") == diagonal


@pytest.mark.parametrize("name", ["dtw", "otam"])
@pytest.mark.parametrize("offset", [0, 1])
def test_a_path_costs_what_the_score_says(name: str, offset: int) -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        sim = rng.uniform(-0.5, 0.9, rng.integers(1, 6, 2))
        d = offset - sim
        found = path(sim, f"{name}:offset={offset}")
        cost = sum(d[at] for at in found)
        assert cost == pytest.approx(oracle.dtw(d) if name == "dtw" else oracle.otam_one(d))
        assert all(0 <= b[k] - a[k] <= 1 for a, b in pairwise(found) for k in (0, 1))
        if name == "dtw":
            spec = f"dtw:offset={offset},length_norm=path"
            per_step = score(sim, [sim.shape[0]], [sim.shape[1]], spec)
            assert per_step[0, 0] == pytest.approx(-cost / len(found))


def test_transport_has_its_marginals() -> None:
    sim = make(7)[:4, :6]
    plan = transport_plan(sim, iterations=2000)
    assert np.allclose(plan.sum(0), 1 / 6, atol=1e-9)
    assert np.allclose(plan.sum(1), 1 / 4, atol=1e-9)
    kept = transport_plan(sim, bucket=0.1, iterations=2000)
    assert (kept.sum(0) < 1 / 7).all()
    assert (kept.sum(1) < 1 / 5).all()


def test_a_bucket_of_minus_infinity_is_none_and_a_huge_one_takes_everything() -> None:
    sim = make(8)[:4, :6]
    assert np.array_equal(transport_plan(sim, bucket=-np.inf), transport_plan(sim))
    variants: tuple[Variant, ...] = ("exact", "norton")
    for variant in variants:
        assert transport_plan(sim, bucket=-50.0, variant=variant).sum() > 0.5
        assert transport_plan(sim, bucket=50.0, variant=variant).sum() < 1e-9


def test_the_plan_that_leaves_the_range_of_products_is_the_same_in_logs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sim = make(9)[:4, :5]
    usual = transport_plan(sim, reg=0.05, bucket=0.1)
    with monkeypatch.context() as patch:
        patch.setattr(sinkhorn, "RANGE", 0.0)
        assert np.allclose(transport_plan(sim, reg=0.05, bucket=0.1), usual, rtol=1e-9, atol=0)
    sharp = transport_plan(sim, reg=1e-4, iterations=20)
    assert np.allclose(sharp, oracle.plan(sim, 1e-4, None, 20, "exact"), atol=1e-9)


def test_products_are_the_same_bits_with_and_without_numba() -> None:
    pytest.importorskip("numba")
    kernel = np.exp(np.random.default_rng(0).uniform(-5, 0, (3, 4, 150)))
    row, column = np.full(3, 1 / 3), np.full(4, 1 / 4)
    for a, b in zip(
        compiled()(kernel, row, column, 9),
        sinkhorn.scalings_plain(kernel, row, column, 9),
        strict=True,
    ):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("contiguous", [True, False])
def test_drop_dtw_is_the_cheapest_of_all_labellings(exclusive: bool, contiguous: bool) -> None:
    rng = np.random.default_rng(10)
    for _ in range(30):
        steps, clips = int(rng.integers(1, 4)), int(rng.integers(3, 5))
        cost, drop = rng.uniform(-0.2, 1, (steps, clips)), rng.uniform(0, 0.6, clips)
        found, labels = drop_dtw(cost, drop, exclusive, contiguous)
        assert found == pytest.approx(oracle.drop_dtw(cost, drop, exclusive, contiguous), abs=1e-9)
        if exclusive:
            told = sum(drop[j] if k == 0 else cost[k - 1, j] for j, k in enumerate(labels))
            assert told == pytest.approx(found, abs=1e-9)
            assert set(labels) - {0} == set(range(1, steps + 1))


def test_drop_dtw_with_drops_too_dear_is_an_alignment_of_every_clip() -> None:
    cost = make(11)[:2, :5]
    _, labels = drop_dtw(cost, 100.0)
    assert (np.diff(labels) >= 0).all()
    assert labels.min() == 1
    assert labels.max() == 2


# --- what a score says of itself


def test_a_score_says_offset_length_scaling_and_share_of_negative_distances() -> None:
    sim = make(12)
    for spec, offset, norm in (
        ("dtw", 1.0, "product"),
        ("otam:offset=0,length_norm=max", 0.0, "max"),
    ):
        about = sequences.parse(spec).about(sim)
        expected = float((offset - sim < 0).mean())
        assert about == {"offset": offset, "length_norm": norm, "negative": expected}
    assert sequences.parse("cap-avg").about(sim) == {
        "offset": None,
        "length_norm": None,
        "negative": None,
    }


def test_the_bucket_is_a_quantile_of_the_matched_similarities() -> None:
    sim, matched = make(13), [0.1, 0.5, 0.2, 0.4]
    value = float(np.quantile(matched, 0.3))
    by_quantile = score(sim, TEXTS, VIDEOS, "transport:bucket=0.3", matched=matched)
    assert np.array_equal(
        by_quantile, score(sim, TEXTS, VIDEOS, f"transport:bucket_value={value!r}")
    )
    square = make(14)[:10, :10]
    own = score(square, [4, 6], [4, 6], "transport:bucket=0.3")
    told = score(square, [4, 6], [4, 6], "transport:bucket=0.3", matched=np.diagonal(square))
    assert np.array_equal(own, told)


@pytest.mark.parametrize("spec", SPECS)
def test_a_spec_reads_back(spec: str) -> None:
    assert sequences.spec(sequences.parse(spec)) == spec
    assert sequences.spec(sequences.parse("transport:bucket=none,reg=0.10")) == "transport"


# --- more captions than clips, and what is refused


@pytest.mark.parametrize("name", sequences.classes())
def test_more_captions_than_clips_have_a_finite_score(name: str) -> None:
    found = score(make(15)[:7, :3], [5, 2], [1, 2], name)
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (lambda: score(np.zeros((3, 3)), [3], [2], "dtw"), r"shape \(3, 3\), expected \(3, 2\)"),
        (lambda: score(np.zeros((3, 3)), [3, 0], [3], "dtw"), "sequence 1 0 items: leave it out"),
        (lambda: score(np.full((2, 2), np.nan), [2], [2], "dtw"), "caption 0 and clip 0 is nan"),
        (lambda: score(np.zeros((2, 2)), [2], [2], "dwt"), "Did you mean 'dtw'"),
        (lambda: score(np.zeros((2, 3)), [2], [3], "transport:bucket=0.3"), "give matched"),
        (lambda: score(np.zeros((2, 2)), [2], [2], "transport:bucket=2"), "quantile from 0 to 1"),
        (lambda: score(np.zeros((2, 2)), [2], [2], "transport:reg=0"), "reg must be positive"),
        (lambda: sequences.parse("dtw:variant=norton,length_norm=path"), "needs variant=exact"),
        (lambda: path(np.zeros((2, 2)), "transport"), "give dtw or otam"),
        (lambda: path(np.zeros((2, 2)), "dtw:variant=norton"), "use variant=exact"),
        (lambda: path(np.zeros((0, 3)), "dtw"), r"shape \(0, 3\), .* at least one of each"),
        (lambda: path(np.zeros(3), "otam"), r"shape \(3,\), expected \(captions, clips\)"),
        (lambda: drop_dtw(np.zeros((3, 2)), 0.1), "3 steps .* of 2: give exclusive=False"),
        (lambda: drop_dtw(np.zeros((2, 3)), np.zeros(2)), r"expected \(3,\)"),
        (lambda: transport_plan(np.zeros(3)), r"\(captions, clips\)"),
    ],
)
def test_wrong_input_is_one_sentence(work: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError, match=says) as raised:
        work()
    assert str(raised.value).endswith(".")


def test_the_names_of_the_interface_are_public() -> None:
    assert vrbench.sequences.score is score
