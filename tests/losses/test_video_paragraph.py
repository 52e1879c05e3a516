"""``video-paragraph`` against slow loops over eq. 4 and the released code, and its laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle_sequences as oracle
import pytest
import torch
from norton_batches import LENGTHS, Array, batch, clips, directional, log_softmax

from vrbench.errors import InputError
from vrbench.losses import clip_caption, infonce, video_paragraph
from vrbench.sequences import score


def slow_video_paragraph(
    sim: Array,
    texts: list[int],
    videos: list[int],
    tau: float,
    reg: float,
    iterations: int,
    value: float | None,
    released: bool = False,
) -> float:
    """Eq. 4 over the plans of every pair of sequences."""
    ends_t, ends_v = np.cumsum(texts), np.cumsum(videos)
    x = np.empty((len(texts), len(videos)))
    for i, j in np.ndindex(*x.shape):
        s = sim[ends_t[i] - texts[i] : ends_t[i], ends_v[j] - videos[j] : ends_v[j]]
        q = oracle.plan(s, reg, value, iterations, "norton" if released else "exact")
        if released:
            q = q * (texts[i] / q.sum())
        x[i, j] = sum(q[a, b] * s[a, b] for a, b in np.ndindex(*s.shape)) / tau
    n = len(x)
    total = sum(-log_softmax(x[i])[i] - log_softmax(x[:, i])[i] for i in range(n))
    return float(total / n if released else total)


@pytest.mark.parametrize("bucket", [None, 0.0, 0.3, 1.0])
@pytest.mark.parametrize("iterations", [1, 50])
def test_video_paragraph_is_equation_4(bucket: float | None, iterations: int) -> None:
    sim = clips()
    own = sorted(sim.diagonal())
    value = None
    if bucket is not None:  # linear interpolation between the two neighbours
        at = bucket * (len(own) - 1)
        low = min(int(at), len(own) - 2)
        value = own[low] + (at - low) * (own[low + 1] - own[low])
    expected = slow_video_paragraph(sim, LENGTHS, LENGTHS, 0.07, 0.1, iterations, value)
    found = video_paragraph(sim, LENGTHS, LENGTHS, iterations=iterations, bucket=bucket)
    assert found == pytest.approx(expected, rel=1e-9)
    tensors = torch.tensor(sim), torch.tensor(LENGTHS), np.array(LENGTHS)
    found = video_paragraph(*tensors, iterations=iterations, bucket=bucket)
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_videos_may_have_other_lengths_than_paragraphs() -> None:
    sim = np.random.default_rng(1).uniform(-0.5, 1, (9, 8))
    texts, videos = [2, 4, 3], [3, 3, 2]
    expected = slow_video_paragraph(sim, texts, videos, 0.2, 0.5, 20, None)
    found = video_paragraph(sim, texts, videos, 0.2, 0.5, 20)
    assert found == pytest.approx(expected, rel=1e-9)
    with pytest.raises(InputError, match="as many clips in a video as captions"):
        video_paragraph(sim, texts, videos, bucket=0.3)


@pytest.mark.parametrize("bucket", [0.3, 0.9])
def test_video_paragraph_of_the_release_is_its_code(bucket: float) -> None:
    sim = clips(2)
    value = sorted(sim.diagonal())[int(bucket * 12) - 1]  # torch.kthvalue counts from 1
    expected = slow_video_paragraph(sim, LENGTHS, LENGTHS, 0.07, 0.1, 50, value, released=True)
    found = video_paragraph(sim, LENGTHS, LENGTHS, bucket=bucket, variant="norton")
    assert found == pytest.approx(expected, rel=1e-9)
    plain = video_paragraph(sim, LENGTHS, LENGTHS, bucket=bucket)
    assert abs(plain / 4 - found) > 1e-3


def test_a_pair_of_which_the_bucket_takes_all_is_refused() -> None:
    """The release divides by the mass that is left of it, and returns NaN."""
    sim = np.diag([90.0] * 6)
    assert np.isfinite(video_paragraph(sim, [2, 4], [2, 4], bucket=0.5))
    with pytest.raises(InputError, match="give a larger reg"):
        video_paragraph(sim, [2, 4], [2, 4], bucket=0.5, variant="norton")
    found = video_paragraph(sim, [2, 4], [2, 4], reg=0.2, bucket=0.5, variant="norton")
    assert np.isfinite(found)


def test_scores_are_those_of_the_sequence_transport() -> None:
    sim = clips(3)
    x = score(sim, LENGTHS, LENGTHS, "transport:reg=0.1")
    expected = 2 * len(x) * infonce(x, 1 / 0.2)
    assert video_paragraph(sim, LENGTHS, LENGTHS, 0.2) == pytest.approx(expected, rel=1e-9)


def test_a_pair_of_one_clip_each_is_clip_caption_without_a_plan() -> None:
    sim = batch(5, seed=4)[0]
    found = video_paragraph(sim, [1] * 5, [1] * 5)
    assert found == pytest.approx(clip_caption(sim, np.eye(5)), rel=1e-12)


def test_the_order_of_the_sequences_does_not_matter() -> None:
    sim = clips(5)
    ends = np.cumsum(LENGTHS)
    order = [2, 0, 3, 1]
    rows = np.concatenate([np.arange(ends[k] - LENGTHS[k], ends[k]) for k in order])
    lengths = [LENGTHS[k] for k in order]
    for variant in ("exact", "norton"):
        options: dict[str, Any] = {"bucket": 0.4, "variant": variant}
        one = video_paragraph(sim, LENGTHS, LENGTHS, **options)
        other = video_paragraph(sim[rows][:, rows], lengths, lengths, **options)
        assert other == pytest.approx(one, rel=1e-9)


# --- gradients, types, refusals


@pytest.mark.parametrize("variant", ["exact", "norton"])
def test_the_plan_of_video_paragraph_is_a_constant_of_its_gradient(variant: Any) -> None:
    sim, rng = clips(8), np.random.default_rng(9)
    options: dict[str, Any] = {"bucket": 0.3, "variant": variant, "iterations": 20}
    given = torch.tensor(sim, requires_grad=True)
    video_paragraph(given, LENGTHS, LENGTHS, **options).backward()
    assert given.grad is not None
    own = np.sort(sim.diagonal())
    value = float(own[int(0.3 * 12) - 1] if variant == "norton" else np.quantile(own, 0.3))
    ends = np.cumsum(LENGTHS)
    parts = [slice(end - n, end) for end, n in zip(ends, LENGTHS, strict=True)]
    plans = {}
    for i, j in np.ndindex(4, 4):
        q = oracle.plan(sim[parts[i], parts[j]], 0.1, value, 20, variant)
        plans[i, j] = q * (LENGTHS[i] / q.sum()) if variant == "norton" else q

    def constant(x: Array) -> float:
        scores = np.array([[(plans[i, j] * x[parts[i], parts[j]]).sum() for j in range(4)]
                           for i in range(4)]) / 0.07  # fmt: skip
        total = sum(-log_softmax(scores[i])[i] - log_softmax(scores[:, i])[i] for i in range(4))
        return float(total / 4 if variant == "norton" else total)

    for _ in range(3):
        way = rng.standard_normal(sim.shape)
        slope = directional(constant, sim, way)
        assert float((given.grad.numpy() * way).sum()) == pytest.approx(slope, rel=1e-6)
