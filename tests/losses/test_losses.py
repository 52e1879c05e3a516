from __future__ import annotations

import numpy as np
import oracle_sequences as oracle
import pytest

from vrbench.errors import InputError
from vrbench.losses import faulty_negatives
from vrbench.sequences import transport_plan


def test_targets_are_the_identity_mixed_with_the_transport_plan() -> None:
    sim = np.random.default_rng(0).uniform(-1, 2, (5, 5))
    plan = oracle.plan(sim, 1.0, None, 50, "exact")
    targets = faulty_negatives(sim)
    assert np.allclose(targets, 0.7 * np.eye(5) + 0.3 * plan, atol=1e-9)
    released = faulty_negatives(sim, variant="norton", beta=0.2, reg=0.5)
    plan = oracle.plan(sim, 0.5, None, 50, "exact")
    assert np.allclose(released, 0.8 * np.eye(5) + 0.2 * 5 * plan, atol=1e-9)


def test_rows_and_columns_have_the_mass_of_the_papers_constraint_and_of_the_release() -> None:
    sim = np.random.default_rng(1).uniform(-1, 2, (4, 4))
    for variant, mass in (("exact", 0.7 + 0.3 / 4), ("norton", 1.0)):
        targets = faulty_negatives(sim, variant=variant, iterations=500)  # type: ignore[arg-type]
        assert np.allclose(targets.sum(0), mass)
        assert np.allclose(targets.sum(1), mass)


def test_no_weight_is_the_usual_target() -> None:
    assert np.array_equal(faulty_negatives(np.ones((3, 3)), beta=0), np.eye(3))


def test_wrong_input_is_one_sentence() -> None:
    with pytest.raises(InputError, match="as many texts as videos"):
        faulty_negatives(np.zeros((2, 3)))
    with pytest.raises(InputError, match="beta must lie between 0 and 1"):
        faulty_negatives(np.zeros((2, 2)), beta=1.5)


@pytest.mark.parametrize("reg", [1.0, 0.05, 0.001])
def test_targets_of_any_range_are_those_of_the_transport_plan(reg: float) -> None:
    sim = np.random.default_rng(2).uniform(-1, 2, (6, 6))  # 0.001: beyond what products hold
    for given in (sim, sim.astype(np.float32)):
        expected = 0.7 * np.eye(6) + 0.3 * transport_plan(given, reg)
        np.testing.assert_allclose(faulty_negatives(given, reg=reg), expected, rtol=0, atol=1e-12)
    with pytest.raises(InputError, match="with NaN or infinity"):
        faulty_negatives(np.full((3, 3), np.nan))
    with pytest.raises(InputError, match="reg must be positive"):
        faulty_negatives(sim, reg=0)
