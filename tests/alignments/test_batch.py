"""Batches of training: the numbers of scoring, and batches that are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from batches import packed
from numpy.typing import NDArray
from scored_items import SPECS, assert_close, crowd, items, score
from small_features import tokens_of

from vrbench.alignments import parse_method
from vrbench.alignments.engine import traced
from vrbench.alignments.engine.batch import Packed, similarities
from vrbench.errors import InputError
from vrbench.sims.sim import Sim


def batch_sim(spec: str, text: Packed, video: Packed, **options: Any) -> Sim:
    t2v, v2t = similarities(parse_method(spec), text, video, **options)
    return Sim(t2v.detach().numpy(), v2t.detach().numpy())


@pytest.mark.parametrize("spec", SPECS)
def test_a_batch_has_the_numbers_of_scoring(spec: str) -> None:
    text, video = crowd()
    exact = score(text, video, spec, precision="double")
    assert_close(batch_sim(spec, packed(text), packed(video)), (exact.t2v, exact.v2t), 1e-12)
    single = batch_sim(spec, packed(text, torch.float32), packed(video, torch.float32))
    assert single.t2v.dtype == np.float32
    assert_close(single, (exact.t2v, exact.v2t), 1e-5)


@pytest.mark.parametrize("spec", SPECS)
def test_dot_products_of_a_batch_have_the_numbers_of_scoring(spec: str) -> None:
    texts, videos = items()
    text, video = tokens_of(texts, "text", normalized=False), tokens_of(videos, normalized=False)
    exact = score(text, video, spec, precision="double")
    found = batch_sim(spec, packed(text), packed(video), normalized=False)
    assert_close(found, (exact.t2v, exact.v2t), 1e-12)


def test_one_matrix_serves_both_directions_of_a_symmetric_method() -> None:
    text, video = (packed(side) for side in crowd())
    t2v, v2t = similarities(parse_method("0.5*global+lse"), text, video)
    assert t2v is v2t
    t2v, v2t = similarities(parse_method("0.5*global+scan"), text, video)
    assert not torch.equal(t2v, v2t)


@pytest.mark.parametrize("spec", ["tokenflow", "scan-original", "lse", "emd"])
def test_tiles_and_threads_do_not_matter(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[NDArray[Any]]:
        text, video = (packed(side) for side in crowd())
        t2v, v2t = similarities(parse_method(spec), text, video)
        (t2v.sum() + (v2t * v2t).sum()).backward()  # type: ignore[no-untyped-call]
        grads = text.tokens.grad, video.tokens.grad
        return [t2v.detach().numpy(), *(grad.numpy() for grad in grads if grad is not None)]

    whole, again = found(), found()
    assert all(np.array_equal(a, b) for a, b in zip(whole, again, strict=True))
    monkeypatch.setattr(traced, "FEW", 0)
    assert all(np.array_equal(a, b) for a, b in zip(whole, found(), strict=True))
    monkeypatch.setattr(traced, "TILE", 64)
    for a, b in zip(whole, found(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)


def test_nothing_is_kept_or_changed_without_gradient() -> None:
    text, video = (packed(side) for side in crowd())
    before = text.tokens.detach().clone()
    with torch.no_grad():
        t2v, v2t = similarities(parse_method("tokenflow"), text, video)
    assert not t2v.requires_grad
    assert not v2t.requires_grad
    assert torch.equal(text.tokens, before)
    frozen = replace(video, tokens=video.tokens.detach())
    t2v, _ = similarities(parse_method("tokenflow"), text, frozen)
    t2v.sum().backward()  # type: ignore[no-untyped-call]
    assert text.tokens.grad is not None
    assert video.tokens.grad is None


def test_items_of_any_lengths_stand_in_one_batch() -> None:
    rng = np.random.default_rng(5)
    for lengths in ([1] * 17, [1, 40, 1], list(range(1, 20)) * 2, [7]):
        side = tokens_of([rng.normal(size=(n, 4)) for n in lengths])
        exact = score(side, side, "tokenflow", precision="double")
        found = batch_sim("tokenflow", packed(side), packed(side))
        assert_close(found, (exact.t2v, exact.v2t), 1e-12)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"lengths": [1, 2]}, r"shape \(4, 3\), expected \(3, d\)"),
    ({"lengths": [4, 0]}, "each from 1"),
    ({"lengths": []}, "a list of whole numbers"),
    ({"lengths": [1.5, 2.5]}, "a list of whole numbers"),
    ({"tokens": torch.ones(4)}, "expected"),
    ({"tokens": torch.ones(4, 5)}, "one space"),
    ({"tokens": torch.ones(4, 3, dtype=torch.float64)}, "float32 or float64 on both sides"),
    ({"globals_": torch.ones(3, 3)}, r"globals have shape \(3, 3\), expected \(2, 3\)"),
]


@pytest.mark.parametrize(("changed", "said"), WRONG)
def test_wrong_batches_are_one_sentence(changed: dict[str, Any], said: str) -> None:
    good = Packed(torch.ones(4, 3), [1, 3])
    with pytest.raises(InputError, match=said):
        similarities(parse_method("tokenflow"), replace(good, **changed), good)
    half = Packed(torch.ones(4, 3, dtype=torch.float16), [1, 3])
    with pytest.raises(InputError, match="float32 or float64"):
        similarities(parse_method("tokenflow"), half, half)
