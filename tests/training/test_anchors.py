"""Training with anchors: the terms of the release, the queues, and going on where it stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from planted import by_mark

import vrbench
from vrbench import losses
from vrbench.alignments.engine.batch import Packed
from vrbench.losses import parse_loss
from vrbench.training.anchors import Anchors, Both

Array = NDArray[Any]
SPEC = "sspc:anchors=6,k=3,queue=5,iterations=4"


def side(rng: np.random.Generator, n: int, width: int) -> Packed:
    return Packed(torch.tensor(rng.standard_normal((2 * n, width)), requires_grad=True), [2] * n)


def batch(seed: int, n: int = 4) -> tuple[Both, Both]:
    rng = np.random.default_rng(seed)
    stored = side(rng, n, 5), side(rng, n, 7)
    return stored, (side(rng, n, 3), side(rng, n, 3))


def unit(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


def vectors(given: Packed) -> Array:
    """l2(mean(l2(tokens))) of items of two tokens."""
    tokens = unit(given.tokens.detach().numpy())
    return unit((tokens[::2] + tokens[1::2]) / 2)


def slow(anchors: Anchors, seen: list[tuple[Both, Both]], spec: str) -> float:
    """The 8 terms of text and video, the last batch against those of the queue before it."""
    known = {"cm": "cm=false" not in spec, "ms": "ms=false" not in spec}
    weight = {k: unit(w.detach().numpy()) for k, w in anchors.weights.items()}
    rows: dict[str, Array] = {}
    for name, k, s in (("it", 0, 0), ("iv", 0, 1), ("ot", 1, 0), ("ov", 1, 1)):
        before = [vectors(one[k][s]) for one in seen[:-1]]
        queue = np.concatenate(before)[-5:] if before else np.empty((0, 1))
        last = vectors(seen[-1][k][s])
        rows[name] = np.concatenate([queue, last]) if before else last
    at = {"t": "text", "v": "video"}
    n, total = 4, 0.0
    for of in "tv":
        for a in "tv":
            if not known["ms" if of == a else "cm"]:
                continue
            got = rows[f"i{a}"] @ weight[f"anchors.in.{at[a]}"].T
            gave = rows[f"o{of}"] @ weight[f"anchors.out.{at[a]}"].T
            due_of_got, due_of_gave = (losses.multi_sk(x, 3, iterations=4) for x in (got, gave))
            total += losses.sspc(got[-n:], due_of_gave[-n:])
            total += losses.sspc(gave[-n:], due_of_got[-n:])
    return total


@pytest.mark.parametrize("options", ["", ",cm=false", ",ms=false"])
def test_the_loss_is_the_sum_of_the_releases_terms(options: str) -> None:
    loss = parse_loss(SPEC + options)
    seen = [batch(seed) for seed in range(3)]
    anchors = Anchors.of(loss, *seen[0], seed=0)
    assert anchors is not None
    for k, (stored, mapped) in enumerate(seen):
        terms = anchors.compared(stored, mapped)
        assert len(terms) == (4 if options else 8)
        eye = torch.eye(4, dtype=torch.float64)
        given = losses.base.Given(eye, eye, torch.tensor(1.0).double(), None, terms)
        expected = slow(anchors, seen[: k + 1], SPEC + options)
        assert loss.of(given).item() == pytest.approx(expected, rel=1e-9)
        anchors.follow()
        assert all(len(rows) == min(5, 4 * (k + 1)) for rows in anchors.queues.values())


def test_anchors_and_heads_have_a_gradient_and_assignments_have_none() -> None:
    loss = parse_loss(SPEC)
    stored, mapped = batch(0)
    anchors = Anchors.of(loss, stored, mapped, seed=0)
    assert anchors is not None
    terms = anchors.compared(stored, mapped)
    assert not any(due.requires_grad for _, due in terms)
    eye = torch.eye(4, dtype=torch.float64)
    loss.of(losses.base.Given(eye, eye, torch.tensor(1.0).double(), None, terms)).backward()  # type: ignore[no-untyped-call]
    assert all(w.grad is not None and w.grad.abs().max() > 0 for w in anchors.weights.values())
    assert all(one.tokens.grad is not None for one in mapped)


def test_other_losses_have_no_anchors() -> None:
    assert Anchors.of(parse_loss("infonce"), *batch(0), seed=0) is None
    found = Anchors.of(parse_loss(f"infonce+0.5*{SPEC}"), *batch(0), seed=0)
    assert found is not None
    again = Anchors.of(parse_loss(SPEC), *batch(0), seed=1)
    assert again is not None
    assert not torch.equal(again.weights["anchors.in.text"], found.weights["anchors.in.text"])


OPTIONS: dict[str, Any] = {"epochs": 3, "batch": 16, "lr": 0.01, "loss": f"infonce+{SPEC}"}


def test_training_learns_the_anchors_and_has_the_same_bits_again() -> None:
    train = by_mark(60, 0)
    one, two = (vrbench.train(train, "linear", **OPTIONS) for _ in range(2))
    assert one.sha256 == two.sha256
    assert not any(name.startswith("anchors") for name in one.weights)
    alone = vrbench.train(train, "linear", **{**OPTIONS, "loss": "infonce"})
    assert not np.array_equal(
        one.weights["linear.text.weight"], alone.weights["linear.text.weight"]
    )
    only = vrbench.train(train, "linear", **{**OPTIONS, "loss": SPEC, "lr": 0.05, "epochs": 8})
    curve = [row["loss"] for row in only.about["validation"][1:]]
    assert curve[-1] < curve[0]


def test_an_interrupted_training_goes_on_with_its_anchors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vrbench.training.loop import Loop
    from vrbench.training.settings import TrainingSettings
    from vrbench.training.train import Where, run

    train, settings = by_mark(60, 0), TrainingSettings("linear", **OPTIONS)
    whole = run(train, settings, Where())
    epoch = Loop.epoch

    def interrupted(self: Loop, state: Any, progress: Any) -> None:
        if state.epoch == 2:
            raise KeyboardInterrupt
        epoch(self, state, progress)

    out = tmp_path / "h.safetensors"
    monkeypatch.setattr(Loop, "epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(train, settings, Where(out=out))
    monkeypatch.setattr(Loop, "epoch", epoch)
    assert run(train, settings, Where(out=out)).sha256 == whole.sha256
