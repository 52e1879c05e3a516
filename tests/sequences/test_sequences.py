from __future__ import annotations

from collections.abc import Callable

import numpy as np
import oracle_sequences as oracle
import pytest
from numpy.typing import NDArray
from short_sequences import LONGEST, SPECS, TEXTS, VIDEOS, make

import vrbench
from vrbench.errors import InputError
from vrbench.sequences import drop_dtw, path, score, sequences, transport_plan

Array = NDArray[np.float64]


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
