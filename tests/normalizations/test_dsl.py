from __future__ import annotations

from typing import Any

import numpy as np
import oracle_metrics as slow
import pytest
from small_sims import OWNER, cosines, normalize, pair

import vrbench
from vrbench.errors import InputError


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("tau", [0.01, 0.1, 1.0])
def test_dsl_equals_the_loop(tau: float, log: bool, dtype: Any) -> None:
    sim, bank = pair(dtype=dtype)
    spec = f"dsl:tau={tau},log={str(log).lower()}"
    train = normalize(sim, spec, bank, text_video=OWNER)
    test = normalize(sim, spec, text_video=OWNER)
    queries = np.unique(OWNER)
    for out, banks in ((train, (bank.t2v, bank.v2t.T)), (test, (sim.t2v, sim.v2t.T[queries]))):
        t2v = slow.dsl(sim.t2v, banks[0], tau, log)
        v2t = slow.dsl(sim.v2t.T, banks[1], tau, log).T
        np.testing.assert_allclose(out.t2v, t2v, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(out.v2t, v2t, rtol=1e-9, atol=1e-9)


def test_dsl_takes_the_test_queries_when_no_bank_is_given() -> None:
    sim, _ = pair()
    given_none = vrbench.normalize(sim, "dsl", text_video=OWNER)
    given_test = vrbench.normalize(sim, "dsl", "test", text_video=OWNER)
    np.testing.assert_array_equal(given_none.t2v, given_test.t2v)
    np.testing.assert_array_equal(given_none.v2t, given_test.v2t)


def test_dsl_of_positive_similarities_keeps_the_order_within_a_gallery_item() -> None:
    sim = cosines(10, 9, 7) + 1
    out = normalize(sim, "dsl:tau=0.1", text_video=OWNER).t2v
    np.testing.assert_array_equal(np.argsort(out, axis=0), np.argsort(sim, axis=0))


def test_dsl_far_above_its_bank_says_what_to_do() -> None:
    sim, bank = np.array([[0.9, 0.0], [0.1, 0.8]]), np.array([[0.1, 0.1]])
    with pytest.raises(InputError, match="tau"):
        normalize(sim, "dsl:tau=0.001", bank)
    assert np.isfinite(normalize(sim, "dsl:tau=0.001,log=true", bank).t2v).all()
