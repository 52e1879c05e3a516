"""MRR, mAP, nDCG@K and true recall: against all orders of tied items, and other tools' numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vrbench.metrics import places
from vrbench.metrics.measure import Measured, measure
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

NAMES = ("MRR", "mAP", "nDCG@10", "recall@1", "recall@3", "recall@5")
Numbers = Sequence[float]


def orders(row: Numbers) -> Iterator[tuple[int, ...]]:
    """Yield every order of a row's items that its scores allow."""
    ranked = sorted(range(len(row)), key=lambda i: -row[i])
    groups = [list(some) for _, some in groupby(ranked, key=lambda i: row[i])]
    for one in product(*(permutations(group) for group in groups)):
        yield tuple(i for group in one for i in group)


def reciprocal(order: Sequence[int], gain: Numbers) -> float:
    return max((1 / at for at, i in enumerate(order, 1) if gain[i] > 0), default=0.0)


def precision(order: Sequence[int], gain: Numbers) -> float:
    hits, found = 0, 0.0
    for at, i in enumerate(order, 1):
        if gain[i] > 0:
            hits += 1
            found += hits / at
    return found / sum(g > 0 for g in gain)


def discounted(order: Sequence[int], gain: Numbers, k: int = 10) -> float:
    dcg = sum(gain[i] / math.log2(1 + at) for at, i in enumerate(order[:k], 1))
    ideal = sorted(gain, reverse=True)[:k]
    return dcg / sum(g / math.log2(1 + at) for at, g in enumerate(ideal, 1))


def share(order: Sequence[int], gain: Numbers, k: int) -> float:
    return sum(gain[i] > 0 for i in order[:k]) / sum(g > 0 for g in gain)


MEASURES: dict[str, Callable[[Sequence[int], Numbers], float]] = {
    "MRR": reciprocal,
    "mAP": precision,
    "nDCG@10": discounted,
    **{f"recall@{k}": partial(share, k=k) for k in (1, 3, 5)},
}


def slow(row: Numbers, gain: Numbers, name: str, ties: str) -> float:
    """A measure of one query, in percent: over all orders, or of the best or worst of them."""
    values = [MEASURES[name](order, gain) for order in orders(row)]
    found = {"mean": sum(values) / len(values), "optimistic": max(values)}
    return 100 * {**found, "pessimistic": min(values)}[ties]


def measured(sim: NDArray[Any], truth: Truth, ties: str) -> Measured:
    return measure(Sim(sim, sim), truth, (1, 3, 5), ties, "best-caption", 0.1)


def graded(rng: np.random.Generator, n: int, m: int) -> NDArray[np.float64]:
    found = rng.choice([0.0, 0.0, 0.0, 1.0, 2.0, 0.5], (n, m))
    found[np.arange(n), rng.integers(0, m, n)] = 3.0
    return found


@pytest.mark.parametrize("ties", ["mean", "optimistic", "pessimistic"])
@pytest.mark.parametrize("seed", range(4))
def test_every_order_of_tied_items_counts(seed: int, ties: str) -> None:
    rng = np.random.default_rng(seed)
    sim = rng.integers(0, 3, (5, 7)).astype(float)
    gain = graded(rng, 5, 7)
    truth = Truth.of(sim.shape, relevance=gain)
    found = measured(sim, truth, ties)
    for direction, rows, gains in (("t2v", sim, gain), ("v2t", sim.T, gain.T)):
        asked = [i for i in range(len(rows)) if gains[i].any()]
        for name in NAMES:
            expected = [slow(rows[i].tolist(), gains[i].tolist(), name, ties) for i in asked]
            numbers = found.each[direction][name]
            np.testing.assert_allclose(numbers[asked], expected, rtol=0, atol=1e-10)
            assert np.isnan(numbers).sum() == len(rows) - len(asked)
            mean = found.metrics[direction][name]  # type: ignore[literal-required]
            assert mean == pytest.approx(np.mean(expected), abs=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_one_positive_each_is_the_same_whichever_way_it_is_counted(data: st.DataObject) -> None:
    n, m = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 6))
    rows = st.lists(st.integers(-2, 2), min_size=m, max_size=m)
    sim = np.array(data.draw(st.lists(rows, min_size=n, max_size=n)), dtype=float)
    owner = data.draw(st.lists(st.integers(0, m - 1), min_size=n, max_size=n))
    ties = data.draw(st.sampled_from(["mean", "optimistic", "pessimistic"]))
    gain = np.zeros((n, m))
    gain[np.arange(n), owner] = 2.5
    found = measured(sim, Truth.of((n, m), owner), ties)
    same = measured(sim, Truth.of((n, m), relevance=gain), ties)
    for name in ("MRR", "mAP", "nDCG@10"):
        expected = [slow(sim[i].tolist(), gain[i].tolist(), name, ties) for i in range(n)]
        for one in (found, same):
            np.testing.assert_allclose(one.each["t2v"][name], expected, rtol=0, atol=1e-10)
    assert found.metrics["t2v"]["MRR"] == pytest.approx(found.metrics["t2v"]["mAP"])
    assert "recall@1" not in found.metrics["t2v"]


def test_without_ties_they_are_sums_over_ranks() -> None:
    rng = np.random.default_rng(5)
    sim = rng.random((40, 40))
    found = measured(sim, Truth.of(sim.shape), "mean")
    ranks = found.ranks["t2v"]
    numbers = found.metrics["t2v"]
    assert numbers["MRR"] == pytest.approx(100 * np.mean(1 / ranks))
    gains = np.where(ranks <= 10, 1 / np.log2(1 + ranks), 0)
    assert numbers["nDCG@10"] == pytest.approx(100 * np.mean(gains))
    recalls = [100 * np.mean(ranks <= k) for k in (1, 5, 10)]
    assert numbers["rsum"] == pytest.approx(sum(recalls))
    assert "nDCG@5" not in numbers
    deep = measure(Sim(sim, sim), Truth.of(sim.shape), (5, 20), "mean", "best-caption", None)
    assert [key for key in deep.metrics["t2v"] if key.startswith("nDCG")] == ["nDCG@10", "nDCG@20"]
    assert deep.metrics["t2v"]["rsum"] == numbers["rsum"]


def test_a_row_of_equal_scores_is_a_draw() -> None:
    n = 300
    found = measured(np.zeros((n, n)), Truth.of((n, n)), "mean").metrics["t2v"]
    harmonic = sum(1 / j for j in range(1, n + 1)) / n
    assert found["MRR"] == pytest.approx(100 * harmonic, rel=1e-12)
    assert found["mAP"] == pytest.approx(100 * harmonic, rel=1e-12)


@pytest.mark.parametrize("protocol", ["group-max", "best-caption", "each-caption"])
def test_every_protocol_has_them(protocol: str) -> None:
    rng = np.random.default_rng(6)
    sim = rng.integers(0, 6, (9, 4)).astype(float)
    owner = np.array([0, 0, 1, 1, 1, 2, 3, 3, 0])
    found = measure(Sim(sim, sim), Truth.of(sim.shape, owner), (1, 3), "mean", protocol, None)
    numbers = found.each["v2t"]["mAP"]
    if protocol == "best-caption":
        gains = owner[:, None] == np.arange(4)
        expected = [slow(sim[:, j].tolist(), gains[:, j].tolist(), "mAP", "mean") for j in range(4)]
    elif protocol == "each-caption":
        gain = np.eye(9)
        rows = [sim[:, j].tolist() for j in owner]
        expected = [slow(rows[i], gain[i].tolist(), "mAP", "mean") for i in range(9)]
    else:
        best = np.array([sim[owner == g].max(axis=0) for g in range(4)])
        gain = np.eye(4)
        expected = [slow(best[:, j].tolist(), gain[j].tolist(), "mAP", "mean") for j in range(4)]
    np.testing.assert_allclose(numbers, expected, rtol=0, atol=1e-10)
    assert ("recall@3" in found.metrics["v2t"]) == (protocol == "best-caption")


def test_many_positives_are_counted_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    sim = rng.integers(0, 9, (30, 90)).astype(np.float32)
    truth = Truth.of(sim.shape, relevance=graded(rng, 30, 90))
    few = measured(sim, truth, "mean")
    monkeypatch.setattr(places, "SEVERAL", 0)
    many = measured(sim, truth, "mean")
    for direction in ("t2v", "v2t"):
        assert few.metrics[direction] == many.metrics[direction]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    sim = rng.integers(0, 9, (30, 20)).astype(float)
    truth = Truth.of(sim.shape, relevance=graded(rng, 30, 20))
    once = measured(sim, truth, "mean")
    monkeypatch.setattr("vrbench.sims.sim.BLOCK_BYTES", 8 * 20 * 7)
    assert measured(sim, truth, "mean").metrics == once.metrics


@pytest.mark.parametrize("several", [False, True])
def test_other_tools_find_the_same_numbers(several: bool) -> None:
    """Without ties, which trec_eval orders by name; scores are single precision there."""
    ir_measures = pytest.importorskip("ir_measures")
    rng = np.random.default_rng(9)
    sim = rng.permutation(40 * 30).reshape(40, 30).astype(np.float64)
    gain = np.eye(40, 30)[rng.permutation(40) % 30]
    gain[np.arange(40), np.arange(40) % 30] = 1
    if several:
        gain = np.where(rng.random((40, 30)) < 0.3, rng.integers(1, 4, (40, 30)), 0).astype(float)
        gain[:, 0] = 1
    found = measured(sim, Truth.of(sim.shape, relevance=gain), "mean")
    theirs = {"MRR": "RR", "mAP": "AP", "nDCG@10": "nDCG@10", "recall@5": "R@5", "R@5": "Success@5"}
    for direction, rows, gains in (("t2v", sim, gain), ("v2t", sim.T, gain.T)):
        qrels = [
            ir_measures.Qrel(f"q{i}", f"d{j}", int(g))
            for i, row in enumerate(gains)
            for j, g in enumerate(row)
        ]
        run = [
            ir_measures.ScoredDoc(f"q{i}", f"d{j}", float(s))
            for i, row in enumerate(rows)
            for j, s in enumerate(row)
        ]
        kept = {f"q{i}" for i, row in enumerate(gains) if row.any()}
        qrels = [one for one in qrels if one.query_id in kept]
        measures = {name: ir_measures.parse_measure(word) for name, word in theirs.items()}
        numbers = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
        for name, one in measures.items():
            ours = found.metrics[direction][name]  # type: ignore[literal-required]
            assert ours == pytest.approx(100 * numbers[one], abs=1e-9), name
