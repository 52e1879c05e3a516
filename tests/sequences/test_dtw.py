from __future__ import annotations

from itertools import pairwise

import numpy as np
import oracle_sequences as oracle
import pytest
from short_sequences import TEXTS, VIDEOS, make

from vrbench.sequences import drop_dtw, path, score

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


# --- paths and labellings


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
