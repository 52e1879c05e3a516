"""Which side of Sinkhorn-Knopp is updated last: as printed, as released, and at convergence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_sims import OWNER, cosines, normalize, pair

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.apply import apply
from vrbench.normalizations.bank import BankSim
from vrbench.sims.truth import Truth

Array = NDArray[Any]


def algorithm_1(s: Array, iterations: int) -> list[float]:
    """UCoFiA's supplementary, videos x texts, line by line: the log alpha of the videos."""
    g, h = s.shape
    low = [[math.exp(s[i, j]) for j in range(h)] for i in range(g)]
    beta = [1 / sum(low[i][j] for i in range(g)) for j in range(h)]
    for _ in range(iterations):
        alpha = [1 / sum(low[i][j] * beta[j] for j in range(h)) for i in range(g)]
        beta = [1 / sum(alpha[i] * low[i][j] for i in range(g)) for j in range(h)]
    return [math.log(a) for a in alpha]


def figure_4(
    s: Array, gamma: float, iterations: int, weights: Array | None = None
) -> tuple[Array, Array]:
    """NCL's Figure 4, texts x videos, line by line: a of the texts and b of the videos."""
    n, m = s.shape
    c = np.ones(m) if weights is None else weights
    big = [[math.exp(s[i, j] / gamma) for j in range(m)] for i in range(n)]
    beta = [c[j] / sum(big[i][j] for i in range(n)) for j in range(m)]
    for _ in range(iterations):
        alpha = [1 / sum(big[i][j] * beta[j] for j in range(m)) for i in range(n)]
        beta = [c[j] / sum(alpha[i] * big[i][j] for i in range(n)) for j in range(m)]
    a, b = (np.array([gamma * math.log(x / sum(s)) for x in s]) for s in (alpha, beta))
    return a, b


def without_constant(added: Array) -> Array:
    """What is added to each item, the first one's at 0: a constant changes no ranking."""
    return np.asarray(added - added[0])


@pytest.mark.parametrize("n_bank", [1, 3, 20])
@pytest.mark.parametrize("iterations", [1, 4, 9])
@pytest.mark.parametrize("scale", [5.0, 100.0])
def test_exact_is_algorithm_1(scale: float, iterations: int, n_bank: int) -> None:
    sim, bank = cosines(0, 5, 7), cosines(1, n_bank, 7)
    spec = f"sk:scale={scale},iterations={iterations},variant=exact"
    for given, queries in ((sim, bank), (sim.astype(np.float32), bank.astype(np.float32))):
        out = normalize(given, spec, queries, text_video=np.arange(5)).t2v
        expected = np.array(algorithm_1(scale * queries.T.astype(np.float64), iterations)) / scale
        added = without_constant((out - given)[0])
        tolerance = 1e-9 if given.dtype == np.float64 else 1e-6
        np.testing.assert_allclose(added, without_constant(expected), rtol=0, atol=tolerance)


def test_exact_is_algorithm_1_in_v2t_as_well() -> None:
    sim, bank = pair(3)
    out = normalize(sim, "sk:scale=50,variant=exact", bank, text_video=OWNER).v2t
    expected = np.array(algorithm_1(50 * bank.v2t, 4)) / 50  # texts x bank videos: texts are ranked
    np.testing.assert_allclose(
        without_constant((out - sim.v2t)[:, 0]), without_constant(expected), rtol=0, atol=1e-9
    )


def test_both_orders_differ_and_agree_at_convergence() -> None:
    sim, bank = pair(4)
    found = {}
    for iterations in (4, 3000):
        for variant in ("exact", "released"):
            spec = f"sk:scale=20,iterations={iterations},variant={variant}"
            found[iterations, variant] = normalize(sim, spec, bank, text_video=OWNER)
    for d in ("t2v", "v2t"):
        early, late = (
            getattr(found[n, "exact"], d) - getattr(found[n, "released"], d) for n in (4, 3000)
        )
        assert np.abs(early).max() > 1e-3
        np.testing.assert_allclose(late, 0, atol=1e-9)


def test_the_first_half_step_is_what_released_begins_with() -> None:
    # alpha of one iteration, as printed, is the next update after beta = 1 / column sums
    bank = cosines(5, 6, 4)
    exact = normalize(np.zeros((4, 4)), "sk:iterations=1,variant=exact", bank).t2v[0]
    m = np.exp(100 * bank)
    beta = 1 / m.T.sum(0)
    expected = np.log(1 / (m.T @ beta)) / 100
    np.testing.assert_allclose(without_constant(exact), without_constant(expected), atol=1e-9)


@pytest.mark.parametrize("iterations", [1, 4])
@pytest.mark.parametrize("gamma", [0.01, 0.2])
def test_side_first_is_the_row_side_of_figure_4(gamma: float, iterations: int) -> None:
    sim, bank = pair(6)
    spec = f"ncl:gamma={gamma},iterations={iterations},side=first"
    out = normalize(sim, spec, bank, text_video=OWNER)
    a, _ = figure_4(bank.v2t, gamma, iterations)
    np.testing.assert_allclose(out.v2t - sim.v2t, np.tile(a[:, None], (1, 7)), rtol=0, atol=1e-9)
    _, b = figure_4(bank.t2v, gamma, iterations)
    np.testing.assert_allclose(out.t2v - sim.t2v, np.tile(b, (9, 1)), rtol=0, atol=1e-9)
    last = normalize(sim, spec.removesuffix(",side=first"), bank, text_video=OWNER)
    assert np.array_equal(out.t2v, last.t2v)
    assert np.abs(out.v2t - last.v2t).max() > 1e-6


def test_side_first_begins_with_the_captions_of_the_videos() -> None:
    sim, _ = pair(7)
    spec = "ncl:gamma=0.05,marginals=captions,side=first"
    out = normalize(sim, spec, text_video=OWNER).v2t
    counts = np.bincount(OWNER).astype(np.float64)
    a, _ = figure_4(sim.v2t[:, : len(counts)], 0.05, 4, counts)  # video 6 has no text: no query
    np.testing.assert_allclose((out - sim.v2t)[:, 0], a, rtol=0, atol=1e-9)


def test_a_rolling_bank_keeps_the_direction() -> None:
    sim, _ = pair(10)
    norm, truth = normalizations.parse("ncl:gamma=0.05,side=first"), Truth.of((9, 7), OWNER)
    out = apply(norm, sim, BankSim("rolling"), truth).sim.v2t
    for video in range(1, 6):
        a, _ = figure_4(sim.v2t[:, : video + 1], 0.05, 4)
        np.testing.assert_allclose(out[:, video] - sim.v2t[:, video], a, rtol=0, atol=1e-9)


def test_side_first_agrees_at_convergence_and_is_finite_at_any_range() -> None:
    sim, bank = pair(8)
    one, two = (
        normalize(sim, f"ncl:gamma=0.05,iterations=0,tol=1e-12,side={side}", bank).v2t
        for side in ("first", "last")
    )
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-9)
    wide = np.random.default_rng(0).uniform(-1e3, 1e3, (6, 6)).astype(np.float32)
    for spec in ("ncl:side=first", "sk:variant=exact"):
        assert np.isfinite(normalize(wide, spec).v2t).all()


def test_the_defaults_are_released_and_last() -> None:
    sim, bank = pair(9)
    for short, long in (("sk", "sk:variant=released"), ("ncl", "ncl:side=last")):
        one, two = (normalize(sim, spec, bank, text_video=OWNER) for spec in (short, long))
        assert np.array_equal(one.t2v, two.t2v)
        assert np.array_equal(one.v2t, two.v2t)
        assert normalizations.spec(normalizations.parse(long)) == short


@pytest.mark.parametrize("spec", ["sk:variant=printed", "ncl:side=both"])
def test_an_unknown_reading_is_one_sentence(spec: str) -> None:
    with pytest.raises(InputError, match="must be one of"):
        normalizations.parse(spec)
