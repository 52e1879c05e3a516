"""Training finds what is planted, nothing where there is nothing, and the same bits each time."""

import math
import os
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from heads import features, items
from planted import FRAMES, WORDS, by_mark, by_place, shuffled
from small_features import write_features

import vrbench
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.heads.head import Head
from vrbench.sims.sim import DIRECTIONS
from vrbench.training import items as training_items
from vrbench.training.loop import Loop
from vrbench.training.optimizer import rate

PLACES = f"learnable:frames={FRAMES},words={WORDS}"


LONG: dict[str, Any] = {"epochs": 16, "batch": 64, "patience": 16}


def recall(given: Features, head: Head | None, method: str) -> dict[str, float]:
    """R@1 of both directions, in percent."""
    sim = vrbench.score(given.text, given.video, method, head=head)
    found: dict[str, float] = {}
    for d in DIRECTIONS:
        ranks = vrbench.metrics.ranks(getattr(sim, d), given.text_video, d)
        found[d] = vrbench.metrics.summary(ranks)["R@1"]
    return found


@pytest.mark.parametrize(
    ("planted", "spec", "lr", "other"),
    [(by_place, PLACES, 0.1, "wti"), (by_mark, "wti", 0.02, PLACES)],
)
def test_a_planted_alignment_is_recovered(planted: Any, spec: str, lr: float, other: str) -> None:
    method, blind = spec.partition(":")[0], other.partition(":")[0]
    train, test = planted(300, 0), planted(100, 1)
    assert max(recall(test, None, method).values()) <= 10
    head = vrbench.train(train, spec, lr=lr, **LONG)
    assert head.method == method
    assert min(recall(test, head, method).values()) > 95
    # what weighs tokens cannot see a place, and what weighs places cannot see a mark
    assert max(recall(test, vrbench.train(train, other, lr=lr, **LONG), blind).values()) <= 15


@pytest.mark.parametrize(
    ("planted", "spec"), [(by_place, PLACES), (by_mark, "wti"), (by_mark, "linear")]
)
def test_pairs_that_are_none_teach_nothing(planted: Any, spec: str) -> None:
    head = vrbench.train(shuffled(planted(300, 0), 0), spec, lr=0.02, **LONG)
    curve = head.about["validation"]
    n = 30
    for row in curve:
        for d in DIRECTIONS:  # a right pair among 30: chance is 3.3 %, five deviations 20 %
            assert row[d]["R@1"] <= 100 / n + 500 * math.sqrt((n - 1) / n**3)
    known = planted(300, 0)
    best = vrbench.train(known, spec, lr=0.02, **LONG).about["validation"]
    assert max(row["t2v"]["R@1"] for row in best) > 2 * max(row["t2v"]["R@1"] for row in curve)


def test_the_same_seed_gives_the_same_bits_whatever_the_threads() -> None:
    train = by_mark(60, 0)
    quick: dict[str, Any] = {"epochs": 2, "batch": 16, "lr": 0.01}
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        found.append(vrbench.train(train, "linear+wti", **quick))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert len({head.sha256 for head in found}) == 1
    other = vrbench.train(train, "linear+wti", seed=1, **quick)
    assert not np.array_equal(other.weights["linear.text.weight"],
                              found[0].weights["linear.text.weight"])  # fmt: skip


def test_the_workers_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for cores in ({0}, {0, 1, 2, 3}):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: cores)
        found.append(vrbench.train(by_mark(60, 0), "linear+wti", epochs=2, batch=16, lr=0.01))
    assert found[0].sha256 == found[1].sha256


def test_the_rate_rises_and_falls() -> None:
    rates = [rate(step, 40, 0.1) for step in range(40)]
    np.testing.assert_allclose(rates[:4], [0.25, 0.5, 0.75, 1])
    expected = [(1 + math.cos(math.pi * k / 36)) / 2 for k in range(36)]
    np.testing.assert_allclose(rates[4:], expected)
    assert rate(0, 10, 0) == 1


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"epochs": 5, "warmup": 0}, r"^The loss became nan at step 2 of epoch 1, and nothing was"),
        # the only step: its loss is finite, and the weights after it are not
        ({"epochs": 1, "warmup": 0, "batch": 80, "validation": 0}, r"^Weights became NaN or inf"),
    ],
)
def test_nothing_is_kept_where_nothing_was_learnt(how: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        vrbench.train(by_mark(80, 0), "linear", lr=1e300, **{"batch": 16, **how})


def test_what_was_learnt_before_a_loss_that_is_no_number_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[dict[str, Any]] = []
    steps, step, measured = count(), Loop._step, Loop._measured

    def wrong_in_epoch_3(loop: Loop, *given: Any) -> float:
        return step(loop, *given) if next(steps) < 2 * loop.per_epoch + 2 else math.nan

    def watched(loop: Loop, *given: Any) -> None:
        measured(loop, *given)
        seen.append({name: w.detach().numpy().copy() for name, w in loop.weights.items()})

    monkeypatch.setattr(Loop, "_step", wrong_in_epoch_3)
    monkeypatch.setattr(Loop, "_measured", watched)
    head = vrbench.train(by_mark(80, 0), "linear", lr=0.05, epochs=6, batch=16)
    about = head.about
    assert about["stopped"].startswith(
        "The loss became nan at step 3 of epoch 3: the head is that of"
    )
    assert len(seen) == len(about["validation"]) == 3
    best = int(np.argmax([row["sum"] for row in about["validation"]]))
    assert about["best"] == best == 1  # and not the last
    for name, weight in head.weights.items():
        np.testing.assert_array_equal(weight, seen[best][name])


def test_training_stops_where_validation_gets_no_better() -> None:
    head = vrbench.train(shuffled(by_mark(100, 0), 0), "linear", lr=0.01, epochs=40, patience=2)
    about = head.about
    assert about["epochs"] == about["best"] + 2 < 40
    sums = [row["sum"] for row in about["validation"]]
    assert about["best"] == int(np.argmax(sums))


def test_without_validation_the_last_epoch_is_kept() -> None:
    head = vrbench.train(by_mark(40, 0), "linear", lr=0.01, epochs=3, validation=0)
    assert head.about["best"] == head.about["epochs"] == 3
    assert len(head.video_ids) == 40


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": -1}, "epochs must be at least 0"),
        ({"batch": 1}, "batch must be at least 2"),
        ({"lr": math.nan}, "lr must be"),
        ({"lr": 0}, r"rate of 0 trains nothing in 10 epochs: give a larger lr, or 0 epochs for"),
        ({"warmup": 1.0}, "warmup is a share below 1"),
        ({"validation": 0.999}, "each part needs at least 2"),
        ({"seed": -1}, "seed"),
        ({"method": "tokenfolw"}, "Did you mean 'tokenflow'"),
        ({"loss": "infonec"}, "Unknown loss"),
        ({"queue_encoding": "fresh"}, "stale or final"),
        ({"device": "cpuu"}, "Unknown device"),
        ({"start": "none.safetensors"}, "does not exist"),
    ],
)
def test_wrong_numbers_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        vrbench.train(by_mark(20, 0), "wti", **options)


def test_bad_features_are_refused() -> None:
    rng = np.random.default_rng(0)
    uneven = features(items(rng, (2,) * 20, 5), items(rng, (3,) * 20, 4), np.arange(20))
    with pytest.raises(InputError, match="put linear or projection first"):
        vrbench.train(uneven, "wti", epochs=1)
    assert vrbench.train(uneven, "linear", epochs=1).weights["linear.text.weight"].shape == (4, 5)
    long = features(items(rng, (2,) * 20, 4), items(rng, (3,) * 19 + (9,), 4), np.arange(20))
    with pytest.raises(InputError, match="9 frames, and learnable has weights of 8"):
        vrbench.train(long, "learnable:frames=8", epochs=1)
    broken = by_mark(20, 0)
    rows = broken.video.tokens.copy()
    rows[7] = np.nan
    with pytest.raises(InputError, match="video0-1"):
        vrbench.train(replace(broken, video=replace(broken.video, tokens=rows)), "wti")
    few = by_mark(3, 0)
    with pytest.raises(InputError, match="needs at least 2"):
        vrbench.train(few, "wti", validation=0.5)


def test_batches_from_disk_are_those_from_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write_features(tmp_path / "f.h5", counts=(1, 2, 1, 0, 3, 1) * 5)
    options: dict[str, Any] = {"epochs": 2, "batch": 8, "lr": 0.01}
    whole = vrbench.train(path, "linear+learnable", **options)
    reads: list[int] = []

    def spare(wanted: int, *_: int) -> int:
        reads.append(wanted)
        return wanted // 2

    monkeypatch.setattr(training_items, "spare", spare)
    assert vrbench.train(path, "linear+learnable", **options).sha256 == whole.sha256
    assert reads
