from __future__ import annotations

from typing import Any

import numpy as np
import oracle_metrics as slow
import pytest
from numpy.typing import NDArray
from small_sims import OWNER, normalize, pair

from vrbench.sims.sim import Sim

Array = NDArray[Any]

SEED_OF_FORMULAS = 21
"""Here qb-norm meets hubs for some of the queries, and for others not."""


def mean_top(values: Array, k: int) -> float:
    return float(np.mean(sorted(values, reverse=True)[:k]))


def expected_score(spec: str, query: Array, g: int, bank: Array) -> float:
    """The score of gallery item g for a query (gallery,), with a bank (n, gallery)."""
    s, column = float(query[g]), bank[:, g].astype(np.float64)
    name, _, tail = spec.partition(":")
    value = {k: float(v) for k, v in (part.split("=") for part in tail.split(",") if part)}
    beta = value.get("beta", 20.0)
    inverted = float(np.exp(beta * s) / np.exp(beta * column).sum())
    if name == "center":
        return s - float(column.mean())
    if name == "nnn":
        return s - value.get("alpha", 0.5) * mean_top(column, int(value.get("k", 256)))
    if name == "csls":
        k = int(value.get("k", 10))
        return 2 * s - mean_top(query, k) - mean_top(column, k)
    if name == "inverted-softmax":
        return inverted
    if name == "qb-norm":
        best = [np.argsort(-row)[: int(value.get("k", 1))] for row in bank]
        hubs = {int(j) for row in best for j in row}
        return inverted if int(np.argmax(query)) in hubs else s
    if name == "gc":
        return -float((column > s).sum())
    raise AssertionError(f"{name} needs its formula here")


@pytest.mark.parametrize(
    "spec",
    [
        *("center", "nnn", "nnn:k=3,alpha=0.25", "csls", "csls:k=2", "inverted-softmax"),
        *("inverted-softmax:beta=70", "qb-norm", "qb-norm:beta=5,k=2", "gc"),
    ],
)
def test_a_norm_equals_its_formula(spec: str) -> None:
    sim, bank = pair(SEED_OF_FORMULAS)
    if spec == "gc":  # bank and test similarities that are equal
        sim, bank = (Sim(np.round(s.t2v, 1), np.round(s.v2t, 1)) for s in (sim, bank))
    out = normalize(sim, spec, bank, text_video=OWNER)
    for found, matrix, queries in (
        (out.t2v, sim.t2v, bank.t2v),
        (out.v2t.T, sim.v2t.T, bank.v2t.T),
    ):
        expected = [
            [expected_score(spec, row, g, queries) for g in range(len(row))] for row in matrix
        ]
        if spec == "gc":
            # a fraction breaks ties by the similarity
            assert (found - expected).min() >= 0
            assert (found - expected).max() <= 0.5
            for row, scores, counts in zip(matrix, found, expected, strict=True):
                order = np.lexsort((row, counts))
                same = (np.diff(row[order]) == 0) & (np.diff(np.array(counts)[order]) == 0)
                assert ((np.diff(scores[order]) == 0) == same).all()
                assert (np.diff(scores[order]) >= 0).all()
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_qb_norm_meets_queries_of_both_kinds_there() -> None:
    sim, bank = pair(SEED_OF_FORMULAS)
    out = normalize(sim, "qb-norm", bank, text_video=OWNER).t2v
    raw = (out == sim.t2v).all(axis=1)
    assert raw.any()
    assert not raw.all()


def test_sk_of_one_level_is_ncl_and_of_several_their_mean() -> None:
    rng = np.random.default_rng(11)
    levels, bank = rng.uniform(-0.2, 0.4, (3, 9, 7)), rng.uniform(-0.2, 0.4, (3, 15, 7))
    one = normalize(levels[0], "sk", bank[0], text_video=OWNER).t2v
    expected = levels[0] + slow.ncl_bias(bank[0], 0.01, 4)
    np.testing.assert_allclose(one, expected, rtol=0, atol=1e-9)
    whole = normalize(levels, "sk", bank, text_video=OWNER).t2v
    each = [normalize(x, "sk", b, text_video=OWNER).t2v for x, b in zip(levels, bank, strict=True)]
    np.testing.assert_allclose(whole, np.mean(each, axis=0), rtol=0, atol=1e-12)
    flat = normalize(levels, "ncl", bank, text_video=OWNER).t2v
    other = normalize(levels.mean(axis=0), "ncl", bank.mean(axis=0), text_video=OWNER).t2v
    np.testing.assert_allclose(flat, other, rtol=0, atol=1e-12)
