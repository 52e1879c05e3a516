"""Training on long videos: runs of clips, hard negatives, and Norton's losses in the loop."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import oracles
import pytest
import torch
from heads import features
from numpy.typing import NDArray

import vrbench
from vrbench.alignments.engine.batch import Packed
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.losses import parse_loss, video_paragraph
from vrbench.losses.base import Given
from vrbench.training.items import TrainingItems
from vrbench.training.runs import Runs

Array = NDArray[Any]
NORTON = "clip-caption+0.1*video-paragraph"


def cooking(
    n: int = 12, clips: tuple[int, ...] = (3, 5, 10, 2), seed: int = 0, captions: int = 1
) -> Features:
    """Long videos whose clips share a topic, rows in no order; texts are in another space."""
    rng = np.random.default_rng(seed)
    sequence = np.repeat(np.arange(n), [clips[i % len(clips)] for i in range(n)])
    place = np.concatenate([np.arange(c) for c in np.bincount(sequence)])
    topics = rng.standard_normal((n, 6))
    names = topics[sequence] + 0.7 * rng.standard_normal((len(sequence), 6))
    order, turn = rng.permutation(len(sequence)), np.random.default_rng(99).standard_normal((6, 6))
    videos = [names[i] + 0.3 * rng.standard_normal((1 + i % 3, 6)) for i in order]
    owner = np.repeat(np.arange(len(order)), captions)
    texts = [(names[order[v]] + 0.3 * rng.standard_normal((2 + v % 2, 6))) @ turn for v in owner]
    made = features(texts, videos, owner, seed)
    columns = {"sequence": np.array([f"long{s}" for s in sequence[order]]),
               "position": place[order].astype(np.float64)}  # fmt: skip
    return replace(made, video=replace(made.video, item_columns=columns))


def place_of(given: Features, video: int) -> tuple[str, float]:
    columns = given.video.item_columns
    return str(columns["sequence"][video]), float(columns["position"][video])


def test_runs_are_consecutive_clips_of_a_training_video() -> None:
    given = cooking()
    items = TrainingItems.of(given, 0.25, 0, sequences=True)
    names = [{place_of(given, v)[0] for v in part} for part in (items.trained, items.held)]
    assert (len(names[0]), len(names[1])) == (9, 3)
    assert not names[0] & names[1]
    runs = Runs.of(items, 4)
    assert sorted(np.concatenate(runs.clips)) == sorted(items.trained)
    for run in runs.clips:
        assert 1 <= len(run) <= 4
        where = [place_of(given, v) for v in run]
        assert len({name for name, _ in where}) == 1
        assert [p for _, p in where] == list(np.arange(where[0][1], where[0][1] + len(run)))
    assert {len(run) for run in runs.clips} <= {2, 3, 4}  # 3, 5 = 3 + 2, 10 = 4 + 3 + 3, 2


def test_an_epoch_has_every_run_once_and_its_nearest_beside_it() -> None:
    given = cooking(20, captions=2)
    items = TrainingItems.of(given, 0, 0, sequences=True)
    runs = Runs.of(items, 4)
    seen: list[int] = []
    for texts, lengths in runs.batches(3, 12, 0):
        assert len(lengths) >= 2
        assert lengths.sum() == len(texts)
        assert lengths.sum() <= 12 or len(lengths) == 2
        videos = items.owner[texts]
        seen.extend(videos)
        parts = np.split(videos, np.cumsum(lengths)[:-1])
        assert len({place_of(given, part[0])[0] for part in parts}) == len(parts)
    assert len(seen) == len({*seen})
    assert len(seen) >= len(items.trained) - 10
    first = next(iter(runs.batches(3, 12, 0)))
    again = next(iter(runs.batches(3, 12, 0)))
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], next(iter(runs.batches(4, 12, 0)))[0])
    # the second run of a batch is nearer to the first one than what is left on average
    parts = np.split(items.owner[first[0]], np.cumsum(first[1])[:-1])
    number = {tuple(run): k for k, run in enumerate(runs.clips)}
    one, two = number[tuple(parts[0])], number[tuple(parts[1])]
    other = runs.sequence != runs.sequence[one]
    near = runs.vectors @ runs.vectors[one]
    assert near[two] == near[other].max()


def batch(seed: int = 0) -> tuple[list[Array], list[Array], Packed, Packed]:
    rng = np.random.default_rng(seed)
    texts = [rng.standard_normal((n, 4)) for n in (2, 1, 3, 2, 2)]
    videos = [rng.standard_normal((n, 4)) for n in (1, 3, 2, 2, 4)]
    sides = []
    for items in (texts, videos):
        tokens = torch.tensor(np.concatenate(items), requires_grad=True)
        sides.append(Packed(tokens, [len(item) for item in items]))
    return texts, videos, sides[0], sides[1]


def halves(texts: list[Array], videos: list[Array], alpha: float) -> tuple[Array, Array, Array]:
    """Eq. 5's two means and the cosine of the global vectors, by loops."""
    words, frames, pooled = np.empty((3, len(texts), len(videos)))
    for i, text in enumerate(texts):
        for j, video in enumerate(videos):
            c = oracles.l2(text) @ oracles.l2(video).T
            words[i, j] = np.mean([alpha * oracles.logsumexp(row / alpha) for row in c])
            frames[i, j] = np.mean([alpha * oracles.logsumexp(row / alpha) for row in c.T])
            pooled[i, j] = oracles.global_vector(text) @ oracles.global_vector(video)
    return words, frames, pooled


@pytest.mark.parametrize("alpha", [1.0, 0.1])
@pytest.mark.parametrize("fuse", [0.0, 0.5])
@pytest.mark.parametrize("variant", ["exact", "norton"])
def test_the_loss_reads_equation_5_fused_with_the_pooled_one(
    variant: Any, fuse: float, alpha: float
) -> None:
    texts, videos, *sides = batch()
    parts = halves(texts, videos, alpha)
    if variant == "norton":
        parts = tuple((x - x.min()) / (x.max() - x.min()) for x in parts)
    words, frames, pooled = parts
    sim = (fuse * pooled + (words + frames) / 2) / (fuse + 1)
    lengths = np.array([2, 3])
    expected = video_paragraph(sim, lengths, lengths, 0.05, 0.2, 30, 0.4, variant)
    spec = f"video-paragraph:reg=0.2,iterations=30,bucket=0.4,alpha={alpha},fuse={fuse}"
    eye, scale = torch.eye(5).double(), torch.tensor(20.0, dtype=torch.float64)
    given = Given(eye, eye, scale, None, None, (sides[0], sides[1]), lengths)
    loss = parse_loss(f"{spec},variant={variant}").of(given)
    assert loss.item() == pytest.approx(expected, rel=1e-9)
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(side.tokens.grad is not None for side in sides)


@pytest.mark.parametrize(
    ("options", "method"),
    [("alpha=0.5", "lse:alpha=0.5"), ("match=max", "token-mean"), ("match=mean", "global")],
)
def test_the_similarity_is_that_of_the_method(options: str, method: str) -> None:
    texts, videos, *sides = batch(1)
    (part,) = (p for _, p in parse_loss(f"video-paragraph:{options}").parts)
    expected = vrbench.score(texts, videos, method, precision="double").t2v
    found = part.similarity(*sides)  # type: ignore[attr-defined]
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=0, atol=1e-9)


OPTIONS: dict[str, Any] = {
    "method": "global", "loss": NORTON, "lr": 0.02, "batch": 24, "epochs": 4, "validation": 0.25,
}  # fmt: skip


def test_nortons_loss_trains_a_head() -> None:
    one = vrbench.train(cooking(24), "linear", **{**OPTIONS, "epochs": 5, "lr": 0.05})
    curve = one.about["validation"]
    assert curve[-1]["loss"] < curve[1]["loss"]
    assert one.about["loss"] == NORTON
    assert max(row["sum"] for row in curve) > 1.3 * curve[0]["sum"]


def test_the_same_seed_gives_the_same_bits_and_each_part_counts() -> None:
    quick = {**OPTIONS, "epochs": 1}
    found = [
        vrbench.train(cooking(), "linear", **{**quick, "loss": loss}).sha256
        for loss in (NORTON, NORTON, "clip-caption+video-paragraph", "video-paragraph")
    ]
    assert found[0] == found[1]
    assert len({*found}) == 3


def test_the_temperature_stays_at_most_1() -> None:
    fast = {**OPTIONS, "lr": 5.0, "warmup": 0, "epochs": 2}
    head = vrbench.train(cooking(16), "linear", **fast)
    assert all(row["scale"] >= 1 for row in head.about["validation"])


def test_training_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vrbench.training.loop import Loop
    from vrbench.training.settings import TrainingSettings
    from vrbench.training.train import Where, run

    given, settings = cooking(16), TrainingSettings("linear", **OPTIONS)
    whole, epoch = run(given, settings, Where()), Loop.epoch

    def interrupted(self: Loop, state: Any, progress: Any) -> None:
        if state.epoch == 2:
            raise KeyboardInterrupt
        epoch(self, state, progress)

    out = tmp_path / "h.safetensors"
    monkeypatch.setattr(Loop, "epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(given, settings, Where(out=out))
    monkeypatch.setattr(Loop, "epoch", epoch)
    assert run(given, settings, Where(out=out)).sha256 == whole.sha256


def test_what_has_no_sequences_is_refused_in_one_sentence() -> None:
    given = cooking()
    without = replace(given, video=replace(given.video, item_columns={}))
    with pytest.raises(InputError, match="the loss video-paragraph needs it"):
        vrbench.train(without, "linear", **OPTIONS)
    columns = {"sequence": given.video.item_columns["sequence"]}
    nowhere = replace(given, video=replace(given.video, item_columns=columns))
    with pytest.raises(InputError, match="neither position nor start"):
        vrbench.train(nowhere, "linear", **OPTIONS)
    with pytest.raises(InputError, match="3 long videos with a text"):
        vrbench.train(cooking(3), "linear", **OPTIONS)
    with pytest.raises(TypeError, match="train with it"):
        parse_loss("video-paragraph")(torch.eye(2), torch.eye(2), torch.tensor(1.0))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("video-paragraph:bucket=2", "quantile from 0 to 1"),
        ("video-paragraph:alpha=0", "alpha must be positive"),
        ("video-paragraph:length=0", "length must be at least 1"),
        ("video-paragraph:fuse=-1", "fuse must be 0 or more"),
        ("video-paragraph:reg=0", "reg must be positive"),
        ("video-paragraph:iterations=0", "iterations must be at least 1"),
        ("video-paragraph:match=mode", "must be one of lse, max, mean"),
        ("video-paragraph:variant=released", "must be one of exact, norton"),
        ("clip-caption:beta=2", "beta must lie between 0 and 1"),
        ("clip-caption:iterations=0", "iterations must be at least 1"),
    ],
)
def test_wrong_specs_are_one_sentence(spec: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_loss(spec)


def test_the_names_of_the_interface_are_the_defaults() -> None:
    for spec in (
        "sspc:anchors=64,k=32,queue=5500,cm=true,ms=true,temperature=0.1",
        "video-paragraph:reg=0.1,iterations=50,bucket=0.3,alpha=1",
    ):
        assert parse_loss(spec).spec == spec.partition(":")[0]
    assert parse_loss(NORTON).spec == NORTON
    assert parse_loss(NORTON).run == 8
    assert parse_loss("infonce").run == 0
    assert math.isclose({p.run: w for w, p in parse_loss(NORTON).parts}[8], 0.1)
