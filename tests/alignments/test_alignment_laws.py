from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import oracles
import pytest
from oracle_transports import emd_masses
from oracles import l2
from scored_items import REGISTERED, SPECS, assert_same_bits, items, near

import vrbench
from vrbench.alignments import parse_method
from vrbench.alignments.engine import driver, fused
from vrbench.errors import InputError
from vrbench.features.tokens import as_tokens
from vrbench.sims.sim import Sim


def random_sim(spec: str, **options: Any) -> Sim:
    return vrbench.score(*items(2), spec, precision="double", **options)


def test_uniform_is_the_product_of_the_mean_tokens() -> None:
    means = [np.array([l2(x).mean(axis=0) for x in side]) for side in items(2)]
    sim = random_sim("uniform")
    near(sim.t2v, means[0] @ means[1].T)
    near(sim.v2t, sim.t2v)


def test_global_is_the_cosine_of_the_mean_tokens() -> None:
    means = [l2(np.array([l2(x).mean(axis=0) for x in side])) for side in items(2)]
    near(random_sim("global").t2v, means[0] @ means[1].T)


def test_max_avg_is_the_limit_of_scan() -> None:
    sharp, hard = random_sim("scan:lam=100000"), random_sim("max-avg")
    near(sharp.t2v, hard.t2v, 1e-5)
    near(sharp.v2t, hard.v2t, 1e-5)
    assert np.abs(random_sim("scan").t2v - hard.t2v).max() > 1e-3


def test_scan_without_sharpness_is_uniform() -> None:
    near(random_sim("scan:lam=0").t2v, random_sim("uniform").t2v)
    near(random_sim("scan:lam=0").v2t, random_sim("uniform").t2v)


def test_lse_goes_to_token_mean_and_to_uniform() -> None:
    near(random_sim("lse:alpha=1e-7").t2v, random_sim("token-mean").t2v, 1e-6)
    soft = random_sim("lse:alpha=100000,length_norm=true")
    near(soft.t2v, random_sim("uniform").t2v, 1e-4)


@pytest.mark.parametrize("alpha", [0.02, 0.3, 0.5, 1, 30, 1e4, 1e6, 1e25])
@pytest.mark.parametrize("engine", ["numba", "torch"])
def test_soft_means_keep_their_digits_in_single_precision(
    alpha: float, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "torch":
        monkeypatch.setattr(fused, "vectorized", lambda: False)
    texts, videos = items(2)
    expected = np.empty((len(texts), len(videos)))
    for i, j in np.ndindex(*expected.shape):
        c = l2(texts[i]) @ l2(videos[j]).T / alpha
        means = [np.log1p(np.expm1(c).mean(axis)).mean() for axis in (0, 1)]
        expected[i, j] = alpha * sum(means) / 2
    spec = f"lse:alpha={alpha},length_norm=true"
    near(vrbench.score(texts, videos, spec).t2v, expected, 1e-6)


def test_products_that_no_number_holds_are_said_of_a_transport() -> None:
    text, video = (
        replace(as_tokens([1e25 * x for x in side], name), normalized=False)
        for side, name in zip(items(2), ("text", "video"), strict=True)
    )
    with pytest.raises(InputError, match="are too large; scale the tokens"):
        driver.score(text, video, parse_method("emd"))
    double = driver.score(text, video, parse_method("emd"), precision="double")
    assert np.isfinite(double.t2v).all()


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_soft_means_of_raw_products_keep_their_digits(alpha: float) -> None:
    """There most terms may be next to nothing beside the largest."""
    rng = np.random.default_rng(0)
    texts = [rng.standard_normal((10, 16)) for _ in range(2)]
    videos = [rng.standard_normal((3000, 16)), rng.standard_normal((1000, 16))]
    method = parse_method(f"lse:alpha={alpha},length_norm=true")
    text, video = (
        replace(as_tokens(side, name), normalized=False)
        for side, name in ((texts, "text"), (videos, "video"))
    )
    double = driver.score(text, video, method, precision="double").t2v
    single = driver.score(text, video, method).t2v
    np.testing.assert_allclose(single, double, rtol=3e-6)


def raw_sims(spec: str, size: float) -> list[Any]:
    """Similarities of the same raw items in single and in double precision."""
    text, video = (
        replace(as_tokens([size * x for x in side], name), normalized=False)
        for side, name in zip(items(2), ("text", "video"), strict=True)
    )
    kinds: tuple[Literal["single", "double"], ...] = ("single", "double")
    return [driver.score(text, video, parse_method(spec), precision=kind).t2v for kind in kinds]


@pytest.mark.parametrize(("spec", "size"), [("transport", 1e3), ("transport:reg=1e-05", 1.0)])
def test_a_plan_of_large_logits_keeps_its_masses_in_single_precision(
    spec: str, size: float
) -> None:
    single, double = raw_sims(spec, size)
    np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-6 * abs(double).max())


def test_soft_means_of_small_raw_products_keep_their_digits() -> None:
    single, double = raw_sims("lse:alpha=0.1,length_norm=true", 1e-6)
    np.testing.assert_allclose(single, double, rtol=1e-5, atol=1e-6 * abs(double).max())
    (mean, _), expected = raw_sims("uniform", 1e-6), double
    np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-5 * abs(double).max())


def test_length_norm_takes_the_lengths_away() -> None:
    texts, videos = items(2)
    lengths = [np.log([len(x) for x in side]) for side in (texts, videos)]
    with_length = random_sim("lse:alpha=0.5").t2v
    expected = with_length - 0.25 * (lengths[0][:, None] + lengths[1])
    near(random_sim("lse:alpha=0.5,length_norm=true").t2v, expected)


def test_max_sum_is_max_avg_times_the_length() -> None:
    texts, videos = items(2)
    mean, total = random_sim("max-avg"), random_sim("max-sum")
    near(total.t2v, mean.t2v * np.array([len(x) for x in texts])[:, None])
    near(total.v2t, mean.v2t * np.array([len(x) for x in videos]))


def test_token_mean_is_the_mean_of_both_directions_of_max_avg() -> None:
    both = random_sim("max-avg")
    near(random_sim("token-mean").t2v, (both.t2v + both.v2t) / 2)


def test_tokenflow_without_sharpness_has_a_closed_form() -> None:
    texts, videos = ([l2(x) for x in side] for side in items(2))
    sim = random_sim("tokenflow:lam=0")
    for i, omega in enumerate(texts):
        for j, mu in enumerate(videos):
            gt, gv = (oracles.global_vector(x) for x in (omega, mu))
            near(sim.t2v[i, j], ((omega @ gv) * (omega @ mu.T).mean(axis=1)).mean())
            near(sim.v2t[i, j], ((mu @ gt) * (mu @ omega.T).mean(axis=1)).mean())


def test_emd_of_an_item_with_itself_is_one_and_of_single_tokens_the_cosine() -> None:
    texts, videos = items(2)
    both = [*texts, *videos]
    near(np.diag(vrbench.score(both, both, "emd", precision="double").t2v), 1)
    first = [x[:1] for x in texts], [x[:1] for x in videos]
    sim = vrbench.score(first[0], first[1], "emd", precision="double")
    near(sim.t2v, vrbench.score(first[0], first[1], "global", precision="double").t2v)
    assert sim.t2v.max() < 1 - 1e-3


def test_emd_of_equal_single_tokens_is_one() -> None:
    token = np.array([[1.0, 2.0, 2.0]])
    sim = vrbench.score([token, 5 * token], [token], "emd", precision="double")
    near(sim.t2v, 1)


def test_emd_stays_below_the_best_match_of_every_mass() -> None:
    texts, videos = ([l2(x) for x in side] for side in items(2))
    sim = random_sim("emd")
    for i, omega in enumerate(texts):
        for j, mu in enumerate(videos):
            gt, gv = (oracles.global_vector(x) for x in (omega, mu))
            c = mu @ omega.T
            d, e = (
                np.array(emd_masses([float(x) for x in weight], 0.001))
                for weight in (mu @ gt, omega @ gv)
            )
            assert sim.t2v[i, j] <= d @ c.max(axis=1) + 1e-12
            assert sim.t2v[i, j] <= e @ c.max(axis=0) + 1e-12
            # moving mass in proportion is one of the plans
            assert sim.t2v[i, j] >= d @ c @ e - 1e-12


def test_transport_without_entropy_is_emd() -> None:
    sharp = random_sim("transport:reg=0.002,iterations=3000")
    near(sharp.t2v, random_sim("emd").t2v, 1e-3)


def test_transport_is_what_pot_converges_to() -> None:
    import ot

    texts, videos = ([l2(x) for x in side] for side in items(2))
    sim = random_sim("transport:reg=0.2,iterations=500")
    for i, omega in enumerate(texts):
        for j, mu in enumerate(videos):
            gt, gv = (oracles.global_vector(x) for x in (omega, mu))
            d, e = (
                np.array(emd_masses([float(x) for x in weight], 0.001))
                for weight in (mu @ gt, omega @ gv)
            )
            c = mu @ omega.T
            plan = ot.sinkhorn(d, e, 1 - c, 0.2, stopThr=1e-14, numItermax=5000)
            near(sim.t2v[i, j], (plan * c).sum(), 1e-8)


OF_A_SIDE = ("ucofia", "query-scoring")
"""Methods that do one thing with texts and another with videos."""


@pytest.mark.parametrize("spec", [spec for spec in REGISTERED if not spec.startswith(OF_A_SIDE)])
def test_exchanging_the_sides_exchanges_the_directions(spec: str) -> None:
    texts, videos = items(2)
    there = vrbench.score(texts, videos, spec, precision="double")
    spec = {"maxsim": "maxsim:side=video"}.get(spec, spec)  # it names the side that looks
    back = vrbench.score(videos, texts, spec, precision="double")
    near(back.t2v, there.v2t.T)
    near(back.v2t, there.t2v.T)


@pytest.mark.parametrize("spec", SPECS)
def test_symmetric_says_that_both_directions_are_the_same(spec: str) -> None:
    sim = random_sim(spec)
    assert (np.abs(sim.t2v - sim.v2t).max() == 0) == parse_method(spec).symmetric


def test_a_sum_is_the_sum_of_the_matrices() -> None:
    parts = {
        "max-avg": 2.0,
        "emd": -0.25,
        "tokenflow:lam=5": 1.0,
        "global": 0.5,
    }
    sim = random_sim("+".join(f"{weight}*{spec}" for spec, weight in parts.items()))
    alone = {spec: random_sim(spec) for spec in parts}
    near(sim.t2v, sum(weight * alone[spec].t2v for spec, weight in parts.items()))
    near(sim.v2t, sum(weight * alone[spec].v2t for spec, weight in parts.items()))


def test_the_default_is_tokenflow() -> None:
    assert_same_bits(vrbench.score(*items()), vrbench.score(*items(), "tokenflow:lam=10"))
