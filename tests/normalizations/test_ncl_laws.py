from __future__ import annotations

import numpy as np
import pytest
from small_sims import OWNER, bias, cosines, normalize, pair

import vrbench
from vrbench.metrics.ranking import ranks
from vrbench.sims.sim import DIRECTIONS, Sim


@pytest.mark.parametrize("gamma", [0.02, 0.05])
def test_ncl_of_the_test_bank_drives_the_error_to_zero(gamma: float) -> None:
    sim = Sim(cosines(5, 12, 12), cosines(6, 12, 12))
    out = normalize(sim, f"ncl:gamma={gamma},iterations=0,tol=1e-9")
    for direction in DIRECTIONS:
        error = vrbench.metrics.diagnostics.normalization_error
        assert error(sim, None, direction, gamma) > 0.1
        assert error(out, None, direction, gamma) < 1e-8


def test_ncl_with_captions_drives_the_error_of_t2v_to_zero() -> None:
    owner = np.repeat(np.arange(6), [1, 3, 2, 1, 4, 1])
    sim = cosines(7, 12, 6)
    spec = "ncl:gamma=0.05,iterations=0,tol=1e-9,marginals=captions"
    out = normalize(sim, spec, text_video=owner)
    assert vrbench.metrics.diagnostics.normalization_error(out, owner, gamma=0.05) < 1e-8
    uniform = normalize(sim, "ncl:gamma=0.05,iterations=0,tol=1e-9", text_video=owner)
    assert vrbench.metrics.diagnostics.normalization_error(uniform, owner, gamma=0.05) > 0.1


def test_more_iterations_bring_less_error() -> None:
    sim = cosines(8, 15, 15)
    errors = [
        vrbench.metrics.diagnostics.normalization_error(
            normalize(sim, f"ncl:gamma=0.02,iterations={n}"), gamma=0.02
        )
        for n in (1, 4, 16, 64)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 10


@pytest.mark.parametrize("spec", ["ncl:gamma=0.03", "sk", "center", "nnn"])
def test_only_a_bias_of_the_gallery_is_added(spec: str) -> None:
    sim, bank = pair()
    added = normalize(sim, spec, bank, text_video=OWNER)
    difference = added.t2v - sim.t2v
    np.testing.assert_allclose(difference, np.tile(difference[0], (9, 1)), atol=1e-12)
    difference = added.v2t - sim.v2t
    np.testing.assert_allclose(difference, np.tile(difference[:, :1], (1, 7)), atol=1e-12)


@pytest.mark.parametrize("spec", ["ncl", "sk", "center", "csls", "nnn", "inverted-softmax"])
def test_a_constant_added_to_a_query_changes_no_rank(spec: str) -> None:
    sim, bank = pair()
    shifted = Sim(sim.t2v + np.linspace(-1, 1, 9)[:, None], sim.v2t + np.linspace(-1, 1, 7))
    before, after = (normalize(s, spec, bank, text_video=OWNER) for s in (sim, shifted))
    for direction in DIRECTIONS:
        np.testing.assert_array_equal(
            ranks(before, OWNER, direction), ranks(after, OWNER, direction)
        )


def test_ncl_of_a_bank_of_one_query_undoes_its_similarities() -> None:
    bank = cosines(9, 1, 7)
    found = bias("ncl:gamma=0.05", bank)
    np.testing.assert_allclose(found - found[0], -(bank[0] - bank[0, 0]), atol=1e-12)
