"""Norton's losses against slow loops over eq. 4 and 8 and the released code, and their laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle_sequences as oracle
import pytest
import torch
from norton_batches import LENGTHS, Array, batch, clips, directional, log_softmax

from vrbench.errors import InputError
from vrbench.losses import clip_caption, faulty_negatives, infonce, parse_loss, video_paragraph


def slow_clip_caption(t2v: Array, v2t: Array, rows: Array, columns: Array, tau: float) -> float:
    """Eq. 8, each direction with targets of its own."""
    total = 0.0
    for i, j in np.ndindex(*t2v.shape):
        total -= float(rows[i, j] * log_softmax(t2v[i] / tau)[j])
        total -= float(columns[i, j] * log_softmax(v2t[:, j] / tau)[i])
    return total


@pytest.mark.parametrize("tau", [0.07, 0.5])
def test_clip_caption_is_equation_8(tau: float) -> None:
    t2v, v2t = batch()
    targets = 0.7 * np.eye(5) + 0.3 * oracle.plan(t2v, 1.0, None, 50, "exact")
    expected = slow_clip_caption(t2v, v2t, targets, targets, tau)
    assert clip_caption((t2v, v2t), targets, tau) == pytest.approx(expected, rel=1e-9)
    mean = clip_caption((t2v, v2t), targets, tau, variant="norton")
    assert mean == pytest.approx(expected / 5, rel=1e-9)
    alone = slow_clip_caption(t2v, t2v, targets, targets, tau)
    assert clip_caption(t2v, faulty_negatives(t2v), tau) == pytest.approx(alone, rel=1e-9)


def released_clip_caption(video: Array, text: Array, beta: float, iterations: int) -> float:
    """MMContraLoss on pooled vectors, as it is written: videos first, no tau, the mean."""
    of_video, n = video @ text.T, len(video)
    q = oracle.plan(of_video, 1.0, None, iterations, "exact") * n
    total = 0.0
    for logits, targets in (
        (of_video, beta * q + (1 - beta) * np.eye(n)),
        (text @ video.T, beta * q.T + (1 - beta) * np.eye(n)),
    ):
        total += sum(-float((log_softmax(logits[i]) * targets[i]).sum()) for i in range(n)) / n
    return total


@pytest.mark.parametrize("iterations", [1, 50])
def test_clip_caption_of_the_release_is_its_code(iterations: int) -> None:
    rng = np.random.default_rng(1)
    video, text = rng.standard_normal((2, 6, 4))
    loss = parse_loss(f"clip-caption:beta=0.4,iterations={iterations},variant=norton")
    sim = torch.tensor(text @ video.T)
    for scale in (1.0, 50.0):  # it has none
        found = loss(sim, sim, torch.tensor(scale).double()).item()
        expected = released_clip_caption(video, text, 0.4, iterations)
        assert found == pytest.approx(expected, rel=1e-9)


def test_the_class_has_the_targets_of_each_direction_and_the_scale_of_the_loop() -> None:
    t2v, v2t = batch(4, seed=2)
    rows, columns = (
        0.8 * np.eye(4) + 0.2 * oracle.plan(sim, 0.5, None, 50, "exact") for sim in (t2v, v2t)
    )
    loss = parse_loss("clip-caption:beta=0.2,reg=0.5")
    found = loss(torch.tensor(t2v), torch.tensor(v2t), torch.tensor(10.0).double())
    expected = slow_clip_caption(t2v, v2t, rows, columns, 0.1)
    assert found.item() == pytest.approx(expected, rel=1e-9)


def test_clip_caption_without_a_plan_is_infonce_of_the_batch() -> None:
    sim = batch(6, seed=3)[0]
    expected = 2 * 6 * infonce(sim, 1 / 0.07)
    assert clip_caption(sim, np.eye(6)) == pytest.approx(expected, rel=1e-12)
    tensors, scale = torch.tensor(sim), torch.tensor(5.0).double()
    for beta in (0.0, 0.3):
        whole = parse_loss(f"clip-caption:beta={beta}")(tensors, tensors, scale)
        mean = parse_loss(f"faulty-negatives:beta={beta}")(tensors, tensors, scale)
        assert whole.item() == pytest.approx(2 * 6 * mean.item(), rel=1e-12)


# --- video-paragraph


def test_the_gradient_of_clip_caption_is_that_of_constant_targets() -> None:
    sim, rng = batch(5, seed=6)[0], np.random.default_rng(7)
    targets = faulty_negatives(sim)
    given, fixed = torch.tensor(sim, requires_grad=True), torch.tensor(targets, requires_grad=True)
    tau = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    clip_caption(given, fixed, tau).backward()
    assert fixed.grad is None
    assert given.grad is not None
    assert tau.grad is not None
    for _ in range(3):
        way = rng.standard_normal(sim.shape)
        slope = directional(lambda x: clip_caption(x, targets, 0.3), sim, way)
        assert float((given.grad.numpy() * way).sum()) == pytest.approx(slope, rel=1e-7)
    at = directional(lambda t: clip_caption(sim, targets, float(t)), np.array(0.3), np.array(1.0))
    assert float(tau.grad) == pytest.approx(at, rel=1e-7)


def test_what_comes_in_is_what_goes_out() -> None:
    for kind in (np.float32, np.float64):
        sim = clips().astype(kind)
        before = sim.copy()
        assert clip_caption(sim, np.eye(12)).dtype == kind
        assert video_paragraph(sim, LENGTHS, LENGTHS, bucket=0.3).dtype == kind
        given = torch.tensor(sim, requires_grad=True)
        for found in (clip_caption(given, np.eye(12)), video_paragraph(given, LENGTHS, LENGTHS)):
            assert found.dtype == given.dtype
            assert found.requires_grad
        assert np.array_equal(sim, before)


@pytest.mark.parametrize(
    ("function", "given", "said"),
    [
        (clip_caption, (np.zeros((2, 3)), np.eye(2)), "as many texts as videos"),
        (clip_caption, (np.eye(2), np.eye(3)), "they need one shape"),
        (clip_caption, (np.eye(2), np.full((2, 2), np.nan)), "targets is NaN"),
        (clip_caption, (np.eye(2), np.eye(2), 0.0), "tau must be positive"),
        (clip_caption, (np.eye(2), np.eye(2), 1.0, "released"), "use exact or norton"),
        (video_paragraph, (np.eye(3), [1, 1], [1, 2]), "give at least two"),
        (video_paragraph, (np.eye(3), [3], [3]), "give at least two"),
        (video_paragraph, (np.eye(3), [2, 1], [1, 1, 1]), "give at least two"),
        (video_paragraph, (np.eye(3), [3, 0], [2, 1]), "whole numbers from 1"),
        (video_paragraph, (np.eye(3), [1.5, 1.5], [2, 1]), "whole numbers from 1"),
        (video_paragraph, (np.full((2, 2), np.inf), [1, 1], [1, 1]), "NaN or infinite"),
        (video_paragraph, (np.eye(2), [1, 1], [1, 1], -1.0), "tau must be positive"),
        (video_paragraph, (np.eye(2), [1, 1], [1, 1], 0.07, 0.0), "reg must be positive"),
        (video_paragraph, (np.eye(2), [1, 1], [1, 1], 0.07, 0.1, 0), "iterations must be"),
        (video_paragraph, (np.eye(2), [1, 1], [1, 1], 0.07, 0.1, 1, 1.5), "quantile from 0 to 1"),
        (video_paragraph, (np.eye(3), [1] * 3, [1] * 3, 0.07, 0.1, 1, 0.3, "norton"), "= 0 of the"),
    ],
)
def test_wrong_input_is_one_sentence(function: Any, given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        function(*given)
