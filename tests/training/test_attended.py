"""Heads for xclip and ucofia: their gradients, and that they learn what only they can see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import planted_patches
import pytest
import torch
from heads import head_of, linear, temporal
from patched import (
    COUNTS,
    WIDTH,
    frames,
    head,
    text_tokens,
    texts,
    ucofia_arrays,
    video_tokens,
    write_patched,
    xclip_arrays,
)

import vrbench
from vrbench.alignments import parse_method
from vrbench.alignments.engine import driver
from vrbench.alignments.engine.batch import Packed, similarities
from vrbench.errors import InputError
from vrbench.heads.applied import apply_side, packed
from vrbench.losses import parse_loss
from vrbench.losses.base import Given
from vrbench.training.settings import TrainingSettings
from vrbench.training.train import Where, run

SPECS = {
    "xclip": xclip_arrays,
    "ucofia:levels=video+frame": ucofia_arrays,
    "ucofia:levels=patch,k=2": ucofia_arrays,
    "ucofia:k=1,bi=patch-word": ucofia_arrays,
    "ucofia:k=2,variant=released": ucofia_arrays,
    "0.5*ucofia:k=2+global": ucofia_arrays,
    "max-avg:level=patch": ucofia_arrays,
}


def batch(spec: str, seed: int = 0) -> tuple[Packed, Packed, dict[str, torch.Tensor]]:
    """Four texts, videos of frames and patches, and the weights of the method's head."""
    rng = np.random.default_rng(seed)
    text, video = text_tokens(texts(rng)), video_tokens(frames(rng, COUNTS[:4]))
    weights = head("xclip" if "xclip" in spec else "ucofia", SPECS[spec](rng))
    named = {key: torch.tensor(w) for key, w in weights.items()}
    return packed(text, torch.float64), packed(video, torch.float64, patches=True), named


@pytest.mark.parametrize("spec", list(SPECS))
def test_batches_are_scored_like_everything_else(spec: str) -> None:
    rng = np.random.default_rng(0)
    text, video, weights = batch(spec)
    method = parse_method(spec).with_weights(weights)
    both = similarities(method, text, video)
    stored = text_tokens(texts(rng)), video_tokens(frames(rng, COUNTS[:4]))
    known = driver.score(*stored, method, precision="double").flat()
    np.testing.assert_allclose(both[0].numpy(), known.t2v, atol=1e-12)
    np.testing.assert_allclose(both[1].numpy(), known.v2t, atol=1e-12)


def slope(f: Callable[[torch.Tensor], torch.Tensor], at: torch.Tensor, way: torch.Tensor) -> float:
    """The derivative of f along a way, by differences of fourth order."""
    h = 1e-5
    steps = {k: float(f(at + k * h * way)) for k in (-2, -1, 1, 2)}
    return (8 * (steps[1] - steps[-1]) - (steps[2] - steps[-2])) / (12 * h)


@pytest.mark.parametrize("spec", list(SPECS))
def test_gradients_equal_finite_differences(spec: str) -> None:
    """Of infonce, by every array of the head and the tokens of both sides."""
    text, video, weights = batch(spec)
    given = {**weights, "text": 0.3 * text.tokens, "video": 0.3 * video.tokens}

    def loss(named: dict[str, torch.Tensor]) -> torch.Tensor:
        method = parse_method(spec).with_weights({k: named[k] for k in weights})
        sides = [
            Packed(named[name], side.lengths, None, side.weights)
            for name, side in (("text", text), ("video", video))
        ]
        both = similarities(method, *sides)
        value = parse_loss("infonce").of(Given(*both, torch.tensor(3.0, dtype=torch.float64)))
        assert value is not None
        return value

    leaves = {name: value.clone().requires_grad_() for name, value in given.items()}
    names = list(leaves)
    grads = torch.autograd.grad(loss(leaves), [leaves[n] for n in names], allow_unused=True)
    felt = 0
    for name, grad in zip(names, grads, strict=True):
        rng = torch.Generator().manual_seed(1)
        way = torch.randn(given[name].shape, generator=rng, dtype=torch.float64)
        known = slope(lambda x, n=name: loss({**given, n: x}), given[name], way)  # type: ignore[misc]
        found = 0.0 if grad is None else float((grad * way).sum())
        if "selector" in name:  # places of the largest do not change with it, step by step
            assert found == known == 0
            continue
        assert abs(found - known) <= 1e-6 * max(1.0, abs(known)), (name, found, known)
        felt += abs(found) > 1e-9
    assert felt >= 2


def test_the_selection_is_felt_where_patches_are_drawn() -> None:
    spec = "ucofia:levels=patch,k=2"
    text, video, weights = batch(spec)
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    found: list[Any] = []
    for step in (0, 0, 1):
        method = parse_method(spec).with_weights(leaves).in_step(5, step)
        value = similarities(method, text, video)[0].diagonal().sum()
        chosen = [leaf for name, leaf in leaves.items() if "selector" in name]
        found.append((value, *torch.autograd.grad(value, chosen)))
    assert all(torch.equal(a, b) for a, b in zip(found[0], found[1], strict=True))
    assert not torch.equal(found[0][0], found[2][0])
    assert all(float(grad.abs().sum()) > 0 for grad in found[0][1:])


def recall(path: Path, method: str, learnt: Any = None) -> float:
    (result,) = vrbench.evaluate(path, method, head=learnt)
    return float(result["metrics"]["t2v"]["R@1"])


@pytest.mark.parametrize(
    ("plant", "spec", "epochs", "n", "lr"),
    [
        (planted_patches.turned, "ucofia:levels=video", 16, 160, 3e-2),
        (planted_patches.turned, "xclip", 12, 160, 3e-2),
        (planted_patches.marked, "ucofia:levels=patch,k=1", 20, 64, 1e-2),
    ],
)
def test_planted_pairs_are_found(
    tmp_path: Path, plant: Any, spec: str, epochs: int, n: int, lr: float
) -> None:
    train, test = plant(tmp_path / "train.h5", n, 1), plant(tmp_path / "test.h5", 40, 2)
    learnt = vrbench.train(
        train, spec, loss="infonce", epochs=epochs, batch=32, lr=lr, validation=0, patience=99
    )
    assert learnt.method == spec  # the method of the head, as the head is
    assert recall(test, spec) < 10
    assert recall(test, spec, learnt) > 95


def test_the_seed_decides_every_bit_and_a_resumed_training_is_the_same(tmp_path: Path) -> None:
    path = write_patched(tmp_path / "f.h5", counts=(1, 2, 1, 1, 3, 1, 1, 1))
    options: dict[str, Any] = {"batch": 4, "lr": 1e-2, "validation": 0, "patience": 9}
    one, again = (vrbench.train(path, "ucofia:k=1", epochs=2, **options) for _ in range(2))
    other = vrbench.train(path, "ucofia:k=1", epochs=2, seed=1, **options)
    for name, value in one.weights.items():
        np.testing.assert_array_equal(again.weights[name], value)
    assert any((other.weights[name] != value).any() for name, value in one.weights.items())
    out = tmp_path / "h.safetensors"
    settings = TrainingSettings("ucofia:k=1", epochs=2, **options)

    def stop(curve: Sequence[Mapping[str, Any]]) -> None:
        if curve[-1]["epoch"] == 1:
            raise KeyboardInterrupt

    with vrbench.open(path) as features:
        with pytest.raises(KeyboardInterrupt):
            run(features, settings, Where(out, told=stop))
        resumed = run(features, settings, Where(out))
    for name, value in one.weights.items():
        np.testing.assert_array_equal(resumed.weights[name], value)
    moved = vrbench.train(path, "ucofia:k=1", epochs=0, **options)
    changed = {name for name, value in one.weights.items() if (moved.weights[name] != value).any()}
    assert {"ucofia.selector.in_conv.1.weight", "ucofia.local_mat_weight"} <= changed


@pytest.mark.parametrize(
    ("spec", "method"),
    [
        ("linear+ucofia:k=2", "ucofia:k=2"),
        ("linear", "max-avg:level=patch"),
        ("temporal:layers=1,heads=2+ucofia:levels=video+frame", "ucofia:levels=video+frame"),
        ("temporal:layers=1,heads=2+ucofia", "ucofia"),
    ],
)
def test_other_heads_stand_before(tmp_path: Path, spec: str, method: str) -> None:
    path = write_patched(tmp_path / "f.h5", counts=(1, 2, 1, 1, 3, 1, 1, 1))
    learnt = vrbench.train(path, spec, method=method, epochs=1, batch=4, validation=0, queue=3)
    assert learnt.method == method
    test = write_patched(tmp_path / "t.h5", seed=7)
    with vrbench.open(test) as features:
        features = renamed(features)
        (result,) = vrbench.evaluate(features, head=learnt)
    assert result["method"] == method


@pytest.mark.parametrize("encoding", ["stale", "final"])
def test_the_queue_is_a_bank_of_frames_and_patches(tmp_path: Path, encoding: Any) -> None:
    path = write_patched(tmp_path / "f.h5", counts=(1, 2, 1, 1, 3, 1, 1, 1))
    learnt = vrbench.train(
        path, "ucofia", epochs=1, batch=4, validation=0, queue=5, queue_encoding=encoding
    )
    learnt.save(tmp_path / "h.safetensors")
    with vrbench.open(write_patched(tmp_path / "t.h5", seed=7)) as features:
        (result,) = vrbench.evaluate(
            renamed(features), head=tmp_path / "h.safetensors", norm="sk", bank="head"
        )
    assert (result["bank"]["n_text"], result["bank"]["n_video"]) == (5, 5)
    assert result["norm"] == "sk"


def renamed(features: Any) -> Any:
    ids = np.array([f"new{i}" for i in range(len(features.video))])
    return replace(features, video=replace(features.video, ids=ids))


def test_training_without_patches_is_refused(tmp_path: Path) -> None:
    from small_features import write_features

    path = write_features(tmp_path / "plain.h5")
    with pytest.raises(InputError, match="patches"):
        vrbench.train(path, "ucofia", epochs=1, batch=4)
    learnt = vrbench.train(path, "ucofia:levels=video+frame", epochs=1, batch=4, validation=0)
    assert set(learnt.weights) == {
        "ucofia.global_mat_weight", "ucofia.global_mat_weight_1", "ucofia.frame_logit_weight",
        "logit_scale",
    }  # fmt: skip


def test_patches_go_through_a_head_that_maps_each_token(tmp_path: Path) -> None:
    """And other numbers of tokens stay beside them."""
    rng = np.random.default_rng(3)
    video = video_tokens(frames(rng))
    columns = {**video.token_columns, "weight": rng.uniform(size=len(video.tokens))}
    made = head_of(linear(rng, 5, text=WIDTH, video=WIDTH))
    mapped = apply_side(made, "video", replace(video, token_columns=columns))
    matrix, bias = (made.weights[f"linear.video.{name}"] for name in ("weight", "bias"))
    np.testing.assert_allclose(mapped.tokens, video.tokens @ matrix.T + bias, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(mapped.offsets, video.offsets)
    for name, column in columns.items():
        np.testing.assert_array_equal(mapped.token_columns[name], column)
    wider = linear(rng, 8, text=WIDTH, video=WIDTH) | temporal(rng, 8, layers=1, positions=9)
    whole = head_of(wider)  # temporal reads whole items: their frames
    dropped = apply_side(whole, "video", replace(video, token_columns=columns))
    kept = columns["level"] == 0
    np.testing.assert_array_equal(dropped.lengths, [len(counts) for counts in COUNTS])
    np.testing.assert_array_equal(dropped.token_columns["weight"], columns["weight"][kept])
