"""The methods that a head gives weights to, against slow float64 loops."""

from dataclasses import replace

import numpy as np
import oracles
import pytest
import torch
from heads import Array, items, linear, mlp, temporal
from oracles import l2
from small_features import tokens_of

import vrbench
from vrbench.alignments import parse_method
from vrbench.alignments.engine import driver
from vrbench.alignments.engine.batch import Packed, similarities
from vrbench.errors import InputError
from vrbench.heads import parse_head
from vrbench.heads.head import Head

TEXTS, VIDEOS, WIDTH = (3, 1, 5, 3, 2, 5), (4, 2, 4, 7), 6


def sides(seed: int = 0) -> tuple[list[Array], list[Array]]:
    rng = np.random.default_rng(seed)
    return items(rng, TEXTS, WIDTH), items(rng, VIDEOS, WIDTH)


def token_weights(item: Array, arrays: dict[str, Array], side: str) -> list[float]:
    name = f"wti.{side}_weight_fc"
    logits = []
    for token in item:
        hidden = arrays[f"{name}.0.weight"] @ token + arrays[f"{name}.0.bias"]
        hidden = np.array([max(0.0, h) for h in hidden])
        logits.append(float(arrays[f"{name}.2.weight"][0] @ hidden + arrays[f"{name}.2.bias"][0]))
    return oracles.softmax(logits)


def wti(text: Array, video: Array, arrays: dict[str, Array]) -> float:
    weights = {"words": token_weights(text, arrays, "text")}
    weights["frames"] = token_weights(video, arrays, "video")
    zero = np.zeros(WIDTH)
    return oracles.wti(l2(video), l2(text), zero, zero, **weights)[0]


@pytest.mark.parametrize(("precision", "near"), [("double", 1e-12), ("single", 2e-6)])
def test_learnable_equals_the_loop(precision: str, near: float) -> None:
    text, video = sides()
    weight = 2 * np.random.default_rng(1).standard_normal((9, 8))
    head = {"learnable.weight": weight}
    sim = vrbench.score(text, video, "learnable", head=head, precision=precision)  # type: ignore[arg-type]
    zero = np.zeros(WIDTH)
    expected = [
        [oracles.learnable(l2(v), l2(t), zero, zero, weight=weight)[0] for v in video] for t in text
    ]
    np.testing.assert_allclose(sim.t2v, expected, atol=near)
    np.testing.assert_array_equal(sim.v2t, sim.t2v)


@pytest.mark.parametrize(("precision", "near"), [("double", 1e-12), ("single", 1e-5)])
def test_wti_equals_the_loop(precision: str, near: float) -> None:
    text, video = sides()
    rng = np.random.default_rng(2)
    arrays = {**mlp(rng, WIDTH, 4, "text"), **mlp(rng, WIDTH, 5, "video")}
    sim = vrbench.score(text, video, "wti", head=arrays, precision=precision)  # type: ignore[arg-type]
    expected = [[wti(t, v, arrays) for v in video] for t in text]
    np.testing.assert_allclose(sim.t2v, expected, atol=near)
    np.testing.assert_array_equal(sim.v2t, sim.t2v)


@pytest.mark.parametrize(("spec", "same"), [("learnable", "uniform"), ("wti", "token-mean")])
def test_without_a_head_all_weigh_the_same(spec: str, same: str) -> None:
    text, video = sides()
    found, expected = (vrbench.score(text, video, s, precision="double") for s in (spec, same))
    np.testing.assert_allclose(found.t2v, expected.t2v, atol=1e-15)


def test_weights_of_zero_weigh_the_same() -> None:
    text, video = sides()
    zero = vrbench.score(text, video, "learnable", head={"learnable.weight": np.zeros((7, 5))})
    np.testing.assert_allclose(zero.t2v, vrbench.score(text, video, "uniform").t2v, atol=1e-7)


def test_learnable_without_any_other_entry_picks_one_pair() -> None:
    text, video = sides()
    weight = np.zeros((7, 5))
    weight[1, 0] = 200
    sim = vrbench.score(text, video, "learnable", head={"learnable.weight": weight})
    expected = [[l2(v[1]) @ l2(t[0]) for v in video] for t in text]
    np.testing.assert_allclose(sim.t2v, expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(6, 5), (7, 4)])
def test_items_longer_than_w_are_refused_by_name(shape: tuple[int, int]) -> None:
    text, video = sides()
    with pytest.raises(InputError, match=r"(text2|video3).* has [57] tokens.*weights of [64]"):
        vrbench.score(text, video, "learnable", head={"learnable.weight": np.zeros(shape)})


@pytest.mark.parametrize("spec", ["learnable", "wti", "0.5*wti+2*learnable+tokenflow"])
def test_batches_are_scored_the_same_and_their_gradients_are_right(spec: str) -> None:
    rng = np.random.default_rng(0)
    lengths = (3, 1, 4, 2), (2, 5, 2)

    def leaf(*shape: int) -> torch.Tensor:
        return torch.tensor(rng.standard_normal(shape), requires_grad=True)

    rows = [leaf(sum(side), 3) for side in lengths]
    numbers = [leaf(sum(side)) for side in lengths]
    weight = leaf(5, 4)

    def both(*given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        method = parse_method(spec).with_weights({"learnable.weight": given[4]})
        sides = [Packed(given[i], lengths[i], None, {"wti": given[2 + i]}) for i in range(2)]
        return similarities(method, *sides)

    # in random directions of all inputs at once
    assert torch.autograd.gradcheck(both, (*rows, *numbers, weight), fast_mode=True)
    stored = [
        replace(
            tokens_of(np.split(r.detach().numpy(), np.cumsum(side)[:-1])),
            token_columns={"wti": n.detach().numpy()},
        )
        for r, n, side in zip(rows, numbers, lengths, strict=True)
    ]
    method = parse_method(spec).with_weights({"learnable.weight": weight.detach()})
    expected = driver.score(stored[0], stored[1], method, precision="double")
    for value, known in zip(
        both(*rows, *numbers, weight), (expected.t2v, expected.v2t), strict=True
    ):
        np.testing.assert_allclose(value.detach().numpy(), known, atol=1e-12)


def heads_of(rng: np.random.Generator) -> dict[str, dict[str, Array]]:
    return {
        "learnable": {"learnable.weight": rng.standard_normal((64, 64))},
        "wti": {**mlp(rng, WIDTH, 4, "text"), **mlp(rng, WIDTH, 5, "video")},
        "linear": linear(rng, 8, text=WIDTH, video=WIDTH),
        "temporal": temporal(rng, WIDTH),
    }


@pytest.mark.parametrize("name", ["learnable", "wti", "linear", "temporal"])
def test_an_item_has_the_same_bits_whatever_stands_beside_it(name: str) -> None:
    rng = np.random.default_rng(0)
    arrays = heads_of(rng)[name]
    method = name if name in ("learnable", "wti") else "tokenflow"
    lengths = rng.integers(1, 9, 40)
    text, video = (items(rng, tuple(lengths), WIDTH) for _ in range(2))
    head = {k: v.astype(np.float32) for k, v in arrays.items()}
    if name == "temporal":
        head["temporal.transformerClip.resblocks.0.ln_1.weight"][:] = 1
    learnt = named(head)
    whole = vrbench.score(text, video, method, head=learnt).t2v
    order = rng.permutation(40)
    moved = vrbench.score([text[i] for i in order], video[::-1], method, head=learnt)
    np.testing.assert_array_equal(moved.t2v, whole[order][:, ::-1])
    alone = [
        vrbench.score([text[i]], [video[i]], method, head=learnt).t2v[0, 0] for i in range(0, 40, 7)
    ]
    np.testing.assert_array_equal(alone, np.diag(whole)[::7])


def named(arrays: dict[str, Array]) -> dict[str, Array] | Head:
    """A head of arrays; six numbers are divided among three attention heads."""
    if not any(name.startswith("temporal") for name in arrays):
        return arrays
    return Head(parse_head("temporal:layers=2,heads=3"), arrays)
