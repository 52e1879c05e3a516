"""Parameters and similarities at the ends of the range of numbers: right, or one sentence."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from small_sims import REGISTERED, cosines, normalize, pair

from vrbench.auditing import audit
from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.apply import apply
from vrbench.normalizations.bank import BankSim
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth

EXTREMES = ("1e-320", "1e-300", "1e-40", "1e-10", "1e10", "1e300", "1e308")
SHARP = (
    *("ncl:gamma={}", "ncl:gamma={},iterations=0", "sk:scale={}", "dsl:tau={}"),
    *("dsl:tau={},log=true", "inverted-softmax:beta={}", "qb-norm:beta={}", "nnn:alpha={}"),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("spec", [*REGISTERED, *(s.format(e) for s in SHARP for e in EXTREMES)])
def test_scores_are_finite_or_refused_without_warnings(spec: str) -> None:
    for scale, kind in product((0, 1e-44, 1, 1e37, 8e38), (np.float32, np.float64)):
        values = (cosines(0, 12, 9) * scale).clip(-3e38, 3e38).astype(kind)
        sim, truth = Sim(values, values), Truth.of((12, 9), np.arange(12) % 9, None)
        try:
            found = apply(normalizations.parse(spec), sim, BankSim("test"), truth)
        except InputError:
            continue
        assert np.isfinite([found.sim.t2v, found.sim.v2t]).all(), (scale, kind)
        json.dumps(found.info, allow_nan=False)


@pytest.mark.parametrize("bank", ["test", "rolling"])
def test_the_parameter_is_blamed_not_the_similarities(bank: str) -> None:
    sim, truth = pair()[0], Truth.of((9, 7), np.arange(9) % 7, None)
    with pytest.raises(InputError, match=r"'ncl:gamma=1e-320' leaves the range of numbers on thes"):
        apply(normalizations.parse("ncl:gamma=1e-320"), sim, BankSim(bank), truth)


def test_large_similarities_in_single_precision_are_normalized_as_in_double() -> None:
    values = (cosines(1, 12, 9) * 1e37).astype(np.float32)
    for spec in ("ncl:gamma=1e36", "ncl"):
        expected = normalize(values.astype(float), spec).t2v
        np.testing.assert_allclose(normalize(values, spec).t2v, expected, atol=1e31)


@pytest.mark.parametrize(
    "spec", ["dsl", "inverted-softmax:beta=100", "qb-norm:beta=100", "dual-is:tau=0.01"]
)
def test_a_video_that_asks_nothing_may_lie_above_the_bank(spec: str) -> None:
    sim, owner = cosines(3, 5, 4), [0, 0, 2, 3, 2]
    usual = normalize(sim, spec, text_video=owner).v2t
    sim[:, 1] += 50  # of no text: the test queries as bank do not have it
    found = normalize(sim, spec, text_video=owner).v2t
    np.testing.assert_array_equal(found[:, [0, 2, 3]], usual[:, [0, 2, 3]])
    np.testing.assert_array_equal(found[:, 1], sim[:, 1])


@pytest.mark.filterwarnings("error")
def test_an_audit_of_such_similarities_is_refused_without_warnings(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", t2v=cosines(0, 9, 9) * 5e307)
    with pytest.raises(InputError, match="overflows"):
        audit(tmp_path / "s.npz")
