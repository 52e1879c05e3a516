"""The normalizations that read a bank, against loops over their formulas in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import oracle_metrics as slow
import pytest
from numpy.typing import NDArray

import vrbench
from vrbench import InputError
from vrbench.normalizations import normalizations
from vrbench.sims.sim import Sim

Matrix = NDArray[np.float64]


def matrices(seed: int = 0, ties: bool = False) -> tuple[Matrix, Matrix]:
    """Return (9, 7) test and (12, 7) bank similarities of queries and gallery."""
    rng = np.random.default_rng(seed)
    sim, bank = 0.3 * rng.standard_normal((9, 7)), 0.3 * rng.standard_normal((12, 7))
    return (sim.round(1), bank.round(1)) if ties else (sim, bank)


def center(sim: Matrix, bank: Matrix) -> Matrix:
    return np.array(
        [[s - math.fsum(bank[:, g]) / len(bank) for g, s in enumerate(row)] for row in sim]
    )


def inverted_softmax(sim: Matrix, bank: Matrix, beta: float = 20) -> Matrix:
    out = np.empty(sim.shape)
    for q, g in np.ndindex(*sim.shape):
        total = math.fsum(math.exp(beta * bank[b, g]) for b in range(len(bank)))
        out[q, g] = math.exp(beta * sim[q, g]) / total
    return out


def qb_norm(sim: Matrix, bank: Matrix, beta: float = 20, k: int = 1) -> Matrix:
    active = {g for row in bank for g in sorted(range(len(row)), key=lambda g: -row[g])[:k]}
    ratios = inverted_softmax(sim, bank, beta)
    return np.array(
        [ratios[q] if int(np.argmax(row)) in active else row for q, row in enumerate(sim)]
    )


def csls(sim: Matrix, bank: Matrix, k: int = 10) -> Matrix:
    def near(values: Any) -> float:
        largest = sorted(values, reverse=True)[:k]
        return math.fsum(largest) / len(largest)

    out = np.empty(sim.shape)
    for q, g in np.ndindex(*sim.shape):
        out[q, g] = 2 * sim[q, g] - near(sim[q]) - near(bank[:, g])
    return out


def nnn(sim: Matrix, bank: Matrix, k: int = 256, alpha: float = 0.5) -> Matrix:
    out = np.empty(sim.shape)
    for q, g in np.ndindex(*sim.shape):
        largest = sorted(bank[:, g], reverse=True)[:k]
        out[q, g] = sim[q, g] - alpha * math.fsum(largest) / len(largest)
    return out


def sk(sim: Matrix, bank: Matrix, scale: float = 100, iterations: int = 4) -> Matrix:
    return np.asarray(sim + slow.ncl_bias(bank, 1 / scale, iterations))


CASES: list[tuple[str, Callable[..., Matrix], dict[str, float]]] = [
    ("center", center, {}),
    ("inverted-softmax", inverted_softmax, {}),
    ("inverted-softmax:beta=3", inverted_softmax, {"beta": 3}),
    ("qb-norm", qb_norm, {}),
    ("qb-norm:beta=5,k=3", qb_norm, {"beta": 5, "k": 3}),
    ("csls", csls, {}),
    ("csls:k=3", csls, {"k": 3}),
    ("nnn", nnn, {}),
    ("nnn:k=4,alpha=0.8", nnn, {"k": 4, "alpha": 0.8}),
    ("sk", sk, {}),
    ("sk:scale=30,iterations=2", sk, {"scale": 30, "iterations": 2}),
]


@pytest.mark.parametrize(("spec", "oracle", "options"), CASES, ids=[case[0] for case in CASES])
def test_each_equals_a_loop_over_its_formula_in_both_directions(
    spec: str, oracle: Callable[..., Matrix], options: dict[str, float]
) -> None:
    sim, bank = matrices()
    t2v = vrbench.normalize({"t2v": sim}, spec, {"t2v": bank}, text_video=np.arange(9) % 7).t2v
    np.testing.assert_allclose(t2v, oracle(sim, bank, **options), rtol=1e-9, atol=1e-9)
    owner = np.arange(7)  # 7 texts, of the first 7 of 9 videos
    turned = vrbench.normalize({"v2t": sim.T}, spec, {"v2t": bank.T}, text_video=owner).v2t
    np.testing.assert_allclose(turned.T, oracle(sim, bank, **options), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_gc_orders_by_the_rank_among_bank_queries_then_by_similarity(seed: int) -> None:
    sim, bank = matrices(seed, ties=True)
    out = vrbench.normalize({"t2v": sim}, "gc", {"t2v": bank}, text_video=np.arange(9) % 7).t2v
    for q in range(len(sim)):
        keys = [(-int((bank[:, g] > sim[q, g]).sum()), sim[q, g]) for g in range(7)]
        for a, b in np.ndindex(7, 7):
            assert (keys[a] > keys[b]) == (out[q, a] > out[q, b])
            assert (keys[a] == keys[b]) == (out[q, a] == out[q, b])


@pytest.mark.parametrize("span", [1.0, 1e300])
def test_gc_breaks_ties_by_the_smallest_difference(span: float) -> None:
    sim = np.array([[0.5, np.nextafter(0.5, 1), -span, span]])
    out = vrbench.normalize({"t2v": sim}, "gc", {"t2v": np.full((20_000, 4), 2 * span)}).t2v[0]
    assert out[2] < out[0] < out[1] < out[3] <= -20_000 + 0.5


def test_only_sk_works_on_each_level_apart() -> None:
    rng = np.random.default_rng(1)
    sim, bank = 0.2 * rng.standard_normal((3, 9, 7)), 0.2 * rng.standard_normal((3, 12, 7))
    bank[0] *= 5
    owner = np.arange(9) % 7
    out = vrbench.normalize({"t2v": sim}, "sk", {"t2v": bank}, text_video=owner).t2v
    expected = np.mean([sk(s, b) for s, b in zip(sim, bank, strict=True)], axis=0)
    np.testing.assert_allclose(out, expected, atol=1e-9)
    out = vrbench.normalize({"t2v": sim}, "ncl", {"t2v": bank}, text_video=owner).t2v
    flat = sk(sim.mean(axis=0), bank.mean(axis=0))
    np.testing.assert_allclose(out, flat, atol=1e-9)
    assert abs(flat - expected).max() > 1e-3


def test_sk_with_one_level_is_ncl_at_gamma_one_over_scale() -> None:
    sim, _ = matrices()
    square = sim[:7]
    a = vrbench.normalize(square, "sk:scale=50", "test")
    b = vrbench.normalize(square, "ncl:gamma=0.02", "test")
    np.testing.assert_allclose(a.t2v, b.t2v, atol=1e-12)
    np.testing.assert_allclose(a.v2t, b.v2t, atol=1e-12)


def test_center_makes_the_mean_bank_similarity_zero() -> None:
    square = matrices()[0][:7]
    out = vrbench.normalize(square, "center", "test")
    np.testing.assert_allclose(out.t2v.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(out.v2t.mean(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(normalizations.classes()))
def test_blocks_change_nothing_and_inputs_stay(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sim, bank = matrices(3)
    given = Sim(sim.copy(), None), Sim(bank.copy(), None)
    owner = np.arange(9) % 7
    whole = vrbench.normalize(given[0], name, given[1], text_video=owner).t2v
    monkeypatch.setattr("vrbench.sims.sim.BLOCK_BYTES", 2 * 7 * 8)
    np.testing.assert_allclose(
        vrbench.normalize(given[0], name, given[1], text_video=owner).t2v, whole, atol=1e-12
    )
    np.testing.assert_array_equal(given[0].t2v, sim)
    np.testing.assert_array_equal(given[1].t2v, bank)


@pytest.mark.parametrize(
    "spec",
    [
        *("inverted-softmax:beta=0", "qb-norm:beta=-1", "qb-norm:k=0", "csls:k=0", "nnn:k=0"),
        *("sk:scale=0", "sk:iterations=0"),
    ],
)
def test_parameters_out_of_range_are_refused(spec: str) -> None:
    with pytest.raises(InputError, match="must be"):
        normalizations.parse(spec)


def test_a_ratio_that_overflows_says_what_to_do() -> None:
    sim, bank = np.full((1, 2), 50.0), np.zeros((3, 2))
    with pytest.raises(InputError, match="lower beta"):
        vrbench.normalize({"t2v": sim}, "inverted-softmax", {"t2v": bank})


def test_gc_is_the_same_where_sorted_columns_lie_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    from vrbench.normalizations import sorted_columns

    rng = np.random.default_rng(0)
    bank, sim = rng.standard_normal((40, 7)), rng.standard_normal((11, 7))
    whole = vrbench.normalize(sim, "gc", bank=bank)
    for room in (0, 3 * 40 * 8 * 3):
        monkeypatch.setattr(sorted_columns, "spare", lambda wanted, room=room: room)
        np.testing.assert_array_equal(vrbench.normalize(sim, "gc", bank=bank).t2v, whole.t2v)
