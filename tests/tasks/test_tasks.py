from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from htm_cases import htm_case
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.tasks import (
    cluster,
    cluster_accuracy,
    frame_accuracy,
    htm_align,
    label_frames,
    linear_head,
    multiple_choice,
    ordering,
)
from vrbench.tasks.htm_align import auc, similarities

Array = NDArray[Any]


# --- multiple choice


def test_the_answer_with_the_largest_product_is_chosen_the_first_of_equal_ones() -> None:
    video = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    answers = np.array([[0.5, 9], [0.6, 0], [0, 1], [0, 1], [1, 0], [0, 1.0]])
    choice, accuracy = multiple_choice(video, answers, [1, 0, 1], [0, 2, 4, 6])
    assert choice.tolist() == [1, 0, 0]
    assert accuracy == pytest.approx(200 / 3)
    assert multiple_choice(video, answers, [1, 0, 1]).choice.tolist() == [1, 0, 0]


def test_videos_may_have_unequal_numbers_of_answers() -> None:
    rng = np.random.default_rng(0)
    video, answers = rng.standard_normal((4, 3)), rng.standard_normal((9, 3))
    offsets = [0, 2, 3, 7, 9]
    choice = multiple_choice(video, answers, [0, 0, 3, 1], offsets).choice
    for i, (low, high) in enumerate(pairwise(offsets)):
        scores = [float(sum(video[i] * answers[j])) for j in range(low, high)]
        assert choice[i] == scores.index(max(scores))


# --- HTM-Align


def slow_htm(
    video: Array, text: Array, start: Array, end: Array, shown: Array, window: int, step: int
) -> Array:
    """Sums and counts over windows, as the evaluation is described."""
    v = [row / np.linalg.norm(row) for row in video]
    t = [row / np.linalg.norm(row) for row in text]
    total, count = np.zeros((len(t), len(v))), np.zeros((len(t), len(v)))
    starts = []
    w = 0
    while w < len(v) - window // 2:
        starts.append(w)
        w += step
    for place, w in enumerate(starts):
        known = [
            i
            for i in range(len(t))
            if not shown[i] and w - window <= (start[i] + end[i]) / 2 <= w + 2 * window
        ]
        if not known:
            continue
        left, right = min(known), max(known)
        if place < 4:
            left = 0
        elif place >= len(starts) - 4:
            right = len(t) - 1
        for i in range(left, right + 1):
            for s in range(w, min(len(v), w + window)):
                total[i, s] += float(t[i] @ v[s])
                count[i, s] += 1
    return np.where(count > 0, total / np.maximum(count, 1), -6e4)


@pytest.mark.parametrize("seed", range(4))
def test_seconds_are_those_of_slow_loops_over_windows(seed: int) -> None:
    video, text, start, end, shown = htm_case(seed)
    if seed == 3:
        shown[:12] = True  # windows without a text whose time was not corrected
    slow = slow_htm(video, text, start, end, shown, 32, 8)
    assert np.allclose(similarities(video, text, start, end, shown), slow, atol=1e-12)
    second, hits, recall = htm_align(video, text, start, end, shown)
    assert np.array_equal(second, slow.argmax(1))
    expected = [
        math.floor(start[i]) <= slow[i].argmax() <= math.ceil(end[i])
        for i in range(len(text))
        if shown[i]
    ]
    assert hits.tolist() == expected
    assert recall == pytest.approx(100 * np.mean(expected))


def test_auc_counts_pairs() -> None:
    rng = np.random.default_rng(1)
    best, shown = rng.integers(0, 5, 40) / 5, rng.random(40) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in best[shown] for b in best[~shown]]
    assert auc(best, shown) == pytest.approx(np.mean(pairs))


# --- classification


def test_cluster_accuracy_is_that_of_the_best_of_all_maps() -> None:
    rng = np.random.default_rng(2)
    for classes, clusters in ((3, 3), (2, 4), (4, 2)):
        labels, found = rng.integers(0, classes, 30), rng.integers(0, clusters, 30)
        most = max(classes, clusters)
        best = max(
            np.mean([chosen[f] == label for f, label in zip(found, labels, strict=True)])
            for chosen in permutations(range(most))
        )
        assert cluster_accuracy(labels, found) == pytest.approx(100 * best)
    assert cluster_accuracy(["a", "b", "b"], [7, 3, 3]) == 100


def test_k_means_finds_clusters_that_are_apart_whatever_the_seed() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(4), 20)
    x = 10 * np.eye(4)[labels] + rng.standard_normal((80, 4))
    for seed in range(3):
        assert cluster_accuracy(labels, cluster(x, 4, seed)) == 100
    assert np.array_equal(cluster(x, 4, 5), cluster(x, 4, 5))


# --- ordering


@pytest.mark.slow
def test_assignment_is_the_best_of_all_one_to_one_orders() -> None:
    rng = np.random.default_rng(4)
    for _ in range(10):
        sim = rng.uniform(size=(4, 4))
        best = max(permutations(range(4)), key=lambda p: sum(sim[i, p[i]] for i in range(4)))
        assert ordering(sim).tolist() == list(best)
        assert ordering(sim, "transport:reg=0.005,iterations=2000").tolist() == list(best)


@pytest.mark.parametrize("how", ["assignment", "greedy", "argmax", "dtw", "otam", "transport"])
def test_every_way_finds_an_order_that_is_plain(how: str) -> None:
    right = np.array([2, 0, 3, 1])
    assert np.array_equal(ordering(0.1 + 0.8 * np.eye(4)[right], how), right)


@pytest.mark.slow
def test_one_to_one_assignment_orders_68_17_percent_of_the_cooking_videos(
    shared_data: Path,
) -> None:
    done = run("task", "ordering", shared_data / "youcook2_demo" / "sequences.json", "--json")
    found = {report["how"]: report["wholly in order"] for report in json.loads(done.out)}
    assert round(found["assignment"], 2) == 68.17
    assert found["greedy"] < found["assignment"]
    assert found["argmax"] < found["greedy"]


# --- segmentation


def test_frames_get_the_nearest_step_or_none() -> None:
    steps = np.eye(3)
    frames = np.array([[0.9, 0, 0], [0, 0.1, 0.3], [0.05, 0.05, 0]])
    assert label_frames(frames, steps).tolist() == [1, 3, 1]
    given = label_frames(frames, steps, background=0.2)
    assert given.tolist() == [1, 3, 0]
    assert frame_accuracy(given, [1, 2, 0]) == pytest.approx(200 / 3)


def test_a_linear_head_is_ridge_regression_onto_one_hot_labels() -> None:
    rng = np.random.default_rng(5)
    x, test, labels = rng.standard_normal((40, 5)), rng.standard_normal((9, 5)), np.arange(40) % 3
    y = np.eye(3)[labels]
    rows = np.vstack(
        [np.hstack([x, np.ones((40, 1))]), np.hstack([np.sqrt(2) * np.eye(5), np.zeros((5, 1))])]
    )
    weights = np.linalg.lstsq(rows, np.vstack([y, np.zeros((5, 3))]), rcond=None)[0]
    expected = (np.hstack([test, np.ones((9, 1))]) @ weights).argmax(1)
    assert np.array_equal(linear_head(x, labels, test, reg=2.0), expected)


# --- the commands


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (lambda: multiple_choice(np.eye(2), np.zeros((5, 2)), [0, 0]), "give offsets"),
        (
            lambda: multiple_choice(np.eye(2), np.zeros((4, 2)), [0, 2]),
            "video 1 is 2, but it has 2",
        ),
        (lambda: htm_align(np.zeros((9, 2)), np.eye(2), [0, 1], [1, 2], [0, 1]), "Row 0 of video"),
        (lambda: cluster_accuracy([], []), "must be"),
        (lambda: cluster(np.eye(3), 4), "between 1 and 3"),
        (lambda: ordering(np.zeros((2, 3))), r"not \(2, 3\)"),
        (lambda: ordering(np.zeros((2, 2)), "cap-avg"), "every order alike"),
        (lambda: ordering(np.zeros((9, 9)), "dtw"), "at most 8 captions"),
        (lambda: frame_accuracy([1], [1, 2]), "must be"),
    ],
)
def test_wrong_input_is_one_sentence(work: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        work()
