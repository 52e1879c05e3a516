"""Losses as the training loop finds them: specs, sums, the teacher and soft targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle_sequences as oracle
import pytest
import torch
from numpy.typing import NDArray

from vrbench import losses
from vrbench.errors import InputError
from vrbench.losses import parse_loss

Array = NDArray[Any]
SCALE = torch.tensor(20.0, dtype=torch.float64)


def batch(n: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    sims = (torch.tensor(rng.uniform(-1, 1, (n, n)), requires_grad=True) for _ in range(2))
    t2v, v2t = sims
    return t2v, v2t


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("video-paragraph+0.5*video-paragraph:length=4", "runs of 4 and of 8 clips"),
        ("momentum+momentum:ema=0.9", "differ in ema, of which a training has one"),
        ("infonce+sspc+0.1*sspc:queue=7", "differ in queue"),
    ],
)
def test_a_sum_has_one_kind_of_batches_one_teacher_and_one_set_of_anchors(
    spec: str, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        parse_loss(spec)


def test_parts_of_a_sum_may_differ_in_what_is_their_own() -> None:
    assert parse_loss("video-paragraph+video-paragraph:fuse=0.5").run == 8
    assert parse_loss("momentum+momentum:alpha=0.9").needs_teacher
    assert parse_loss("sspc+sspc:temperature=0.2").has_anchors


@pytest.mark.parametrize(
    "spec",
    [
        "infonce",
        "ncl",
        "ncl:iterations=7,through=true",
        "15*ncl:gamma=0.07",
        "triplet:margin=0.1,hardest=false",
        "dsl:tau=0.02",
        "momentum:alpha=0.5,ema=0.95,queue=16",
        "faulty-negatives:beta=0.2,variant=norton",
        "clip-caption:beta=0.2,variant=norton",
        "infonce+sspc:anchors=8,k=4,queue=0,cm=false,variant=released",
        "clip-caption+0.1*video-paragraph:bucket=none,fuse=0.5,variant=norton",
        "infonce+0.1*triplet",
        "ncl+-0.5*dsl+2*infonce",
    ],
)
def test_specs_round_trip(spec: str) -> None:
    assert parse_loss(spec).spec == spec
    assert parse_loss(parse_loss(spec).spec) == parse_loss(spec)


def test_every_loss_is_registered_with_its_source() -> None:
    assert list(losses.losses.classes()) == [
        "clip-caption", "dsl", "faulty-negatives", "infonce", "momentum", "ncl", "sspc", "triplet",
        "video-paragraph",
    ]  # fmt: skip
    assert all(cls.source for cls in losses.losses.classes().values())


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("infonc", "Did you mean 'infonce'"),
        ("triplet:margn=1", "Did you mean 'margin'"),
        ("triplet:margin=0", "margin must be positive"),
        ("dsl:tau=-1", "tau must be positive"),
        ("ncl:gamma=0", "gamma must be positive"),
        ("ncl:iterations=0", "iterations must be at least 1"),
        ("momentum:alpha=1.5", "alpha must lie between 0 and 1"),
        ("momentum:ema=-0.1", "ema must lie between 0 and 1"),
        ("momentum:queue=-1", "queue must not be negative"),
        ("faulty-negatives:beta=2", "beta must lie between 0 and 1"),
        ("faulty-negatives:reg=0", "reg must be positive"),
        ("faulty-negatives:iterations=0", "iterations must be at least 1"),
        ("x*infonce", "Cannot read the weight"),
        ("1e999*infonce", "not a finite number"),
        ("", "Unknown loss ''"),
    ],
)
def test_wrong_specs_are_one_sentence(spec: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_loss(spec)


def test_a_class_is_the_function_with_the_scale_of_the_loop() -> None:
    both = batch()
    for spec, expected in (
        ("infonce", losses.infonce(both, 20.0)),
        ("ncl", losses.ncl(both, 1 / 20.0)),
        ("ncl:gamma=0.07,iterations=2", losses.ncl(both, 0.07, 2)),
        ("triplet:margin=0.3", losses.triplet(both, 0.3)),
        ("dsl:tau=0.1", losses.dsl(both, 0.1, 20.0)),
        ("2*infonce+0.1*triplet", 2 * losses.infonce(both, 20.0) + 0.1 * losses.triplet(both)),
    ):
        assert parse_loss(spec)(*both, SCALE).item() == pytest.approx(expected.item(), rel=1e-12)


def test_momentum_mixes_the_teacher_and_the_right_item() -> None:
    rng = np.random.default_rng(1)
    student, teacher = rng.normal(size=(2, 4, 7))
    positive = np.array([0, 3, 6, 3])
    targets, loss = losses.momentum(student, teacher, positive, alpha=0.3, scale=2.0)
    expected = 0.0
    for i in range(4):
        y = [0.3 * p for p in softmax(2 * teacher[i])]
        y[positive[i]] += 0.7
        np.testing.assert_allclose(targets[i], y, rtol=1e-12)
        expected -= sum(y[j] * np.log(softmax(2 * student[i])[j]) for j in range(7)) / 4
    assert loss == pytest.approx(expected, rel=1e-12)
    given = torch.tensor(student, requires_grad=True)
    seen = torch.tensor(teacher, requires_grad=True)
    soft, value = losses.momentum(given, seen, torch.tensor(positive), 0.3, scale=2.0)
    value.backward()
    assert not soft.requires_grad
    assert seen.grad is None
    assert given.grad is not None
    np.testing.assert_allclose(
        given.grad.numpy(), 2 / 4 * (softmax(2 * student) - targets), rtol=1e-9, atol=1e-12
    )


def test_momentum_without_a_teachers_share_is_infonce() -> None:
    t2v, v2t = batch()
    loss = parse_loss("momentum:alpha=0")
    assert loss.needs_teacher
    assert not parse_loss("infonce").needs_teacher
    found = loss(t2v, v2t, SCALE, (torch.zeros(5, 5), torch.zeros(5, 5)))
    assert found.item() == pytest.approx(losses.infonce((t2v, v2t), 20.0).item(), rel=1e-12)


def test_momentum_reads_batch_and_queue_and_others_the_batch() -> None:
    rng = np.random.default_rng(2)
    wide, teacher_wide = (torch.tensor(rng.normal(size=(4, 9))) for _ in range(2))
    tall, teacher_tall = (torch.tensor(rng.normal(size=(9, 4))) for _ in range(2))
    found = parse_loss("momentum+0.5*infonce")(wide, tall, SCALE, (teacher_wide, teacher_tall))
    right = np.arange(4)
    rows = losses.momentum(wide, teacher_wide, right, 0.4, SCALE)[1]
    columns = losses.momentum(tall.T, teacher_tall.T, right, 0.4, SCALE)[1]
    alone = losses.infonce((wide[:, :4], tall[:4]), 20.0)
    assert found.item() == pytest.approx(((rows + columns) / 2 + 0.5 * alone).item(), rel=1e-12)
    with pytest.raises(TypeError, match="needs the similarities of a teacher"):
        parse_loss("momentum")(wide, tall, SCALE)


@pytest.mark.parametrize(
    ("positive", "alpha", "said"),
    [
        ([0, 1, 2], 1.1, "alpha must lie"),
        ([0, 1], 0.4, "must be 3 whole numbers"),
        ([0.0, 1.0, 2.0], 0.4, "must be 3 whole numbers"),
        ([0, 1, 4], 0.4, "not one of the 4 columns"),
        ([0, 1, -1], 0.4, "not one of the 4 columns"),
    ],
)
def test_momentum_refuses_in_one_sentence(positive: Any, alpha: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        losses.momentum(np.zeros((3, 4)), np.zeros((3, 4)), positive, alpha)
    with pytest.raises(InputError, match="they need one shape"):
        losses.momentum(np.zeros((3, 4)), np.zeros((3, 5)), [0, 1, 2])
    with pytest.raises(InputError, match="teacher is NaN"):
        losses.momentum(np.zeros((3, 4)), np.full((3, 4), np.nan), [0, 1, 2])


@pytest.mark.parametrize("variant", ["exact", "norton"])
def test_faulty_negatives_is_cross_entropy_against_its_targets(variant: str) -> None:
    both = batch(4, seed=3)
    loss = parse_loss(f"faulty-negatives:beta=0.3,reg=0.5,variant={variant}")(*both, SCALE)
    expected, mass = 0.0, 4 if variant == "norton" else 1
    t2v, v2t = (sim.detach().numpy() for sim in both)
    plans = [mass * oracle.plan(sim, 0.5, None, 50, "exact") for sim in (t2v, v2t)]
    targets = [0.7 * np.eye(4) + 0.3 * plan for plan in plans]
    if variant == "norton":
        targets[1] = targets[1].T
    for i in range(4):
        for j in range(4):
            expected -= targets[0][i, j] * np.log(softmax(20 * t2v[i])[j]) / 8
            expected -= targets[1][i, j] * np.log(softmax(20 * v2t[:, j])[i]) / 8
    assert loss.item() == pytest.approx(expected, rel=1e-8)
    loss.backward()  # type: ignore[no-untyped-call]
    grad = both[0].grad
    assert grad is not None
    soft, mine = softmax(20 * t2v), targets[0]
    np.testing.assert_allclose(
        grad.numpy(), 20 / 8 * (mine.sum(1, keepdims=True) * soft - mine), atol=1e-7
    )


def test_faulty_negatives_without_its_plan_is_infonce() -> None:
    both = batch()
    found = parse_loss("faulty-negatives:beta=0")(*both, SCALE)
    assert found.item() == pytest.approx(losses.infonce(both, 20.0).item(), rel=1e-12)
    targets = losses.faulty_negatives(both[0])
    assert isinstance(targets, torch.Tensor)
    assert not targets.requires_grad
    assert np.array_equal(targets, losses.faulty_negatives(both[0].detach().numpy()))
