from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from small_sims import INDUCTIVE, OWNER, SPECS, WITH_BANK, normalize, pair

import vrbench
from vrbench.normalizations import normalizations
from vrbench.sims.sim import Sim


@pytest.mark.parametrize("spec", WITH_BANK)
def test_every_norm_is_finite_at_the_promised_extreme(spec: str) -> None:
    sim, bank = (np.full((n, 5), 0.95) for n in (6, 8))
    sim[0, 0] = bank[0, 1] = -0.95
    name = spec.partition(":")[0]
    if name == "ncl":
        spec = "ncl:gamma=0.005"
    out = normalize(sim, spec, bank, text_video=np.arange(6) % 5).t2v
    assert np.isfinite(out).all()


@pytest.mark.parametrize("spec", [spec for spec in WITH_BANK if "side=first" not in spec])
@pytest.mark.parametrize("bank_kind", ["train", "test"])
def test_v2t_is_t2v_on_the_transposed_matrices(spec: str, bank_kind: str) -> None:
    sim, bank = pair(12)
    square = Sim(sim.t2v[:7], sim.v2t[:7])
    banks = Sim(bank.t2v, bank.v2t[:7]) if bank_kind == "train" else "test"
    out = normalize(square, spec, banks)
    turned = banks.v2t.T if isinstance(banks, Sim) else "test"
    v2t = normalize(square.v2t.T, spec, turned).t2v.T
    np.testing.assert_allclose(out.v2t, v2t, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spec", SPECS)
def test_scores_are_float64_and_inputs_are_not_changed(spec: str, dtype: Any) -> None:
    sim, bank = pair(dtype=dtype)
    arrays = (sim.t2v, sim.v2t, bank.t2v, bank.v2t)
    before = [array.copy() for array in arrays]
    for banks in (bank, "test"):
        out = normalize(sim, spec, banks, text_video=OWNER)
        assert out.t2v.shape == out.v2t.shape == (9, 7)
        kept = np.float64 if normalizations.parse(spec).needs_bank else dtype
        assert out.t2v.dtype == out.v2t.dtype == kept
        assert not any(np.shares_memory(new, old) for new in (out.t2v, out.v2t) for old in arrays)
    for was, now in zip(before, arrays, strict=True):
        np.testing.assert_array_equal(now, was)


@pytest.mark.parametrize("spec", WITH_BANK)
def test_single_precision_is_near_double(spec: str) -> None:
    sim, bank = pair(13)
    halved = [x.astype(np.float32) for x in (sim.t2v, bank.t2v)]
    wide = [x.astype(np.float64) for x in halved]
    found = normalize(halved[0], spec, halved[1], text_video=OWNER).t2v
    expected = normalize(wide[0], spec, wide[1], text_video=OWNER).t2v
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [1, 8 * 7 * 4])
@pytest.mark.parametrize("spec", WITH_BANK)
def test_the_size_of_a_block_changes_nothing(spec: str, size: int) -> None:
    sim, bank = pair(14)
    for banks in (bank, "test"):
        whole = normalize(sim, spec, banks, text_video=OWNER)
        with patch("vrbench.sims.sim.BLOCK_BYTES", size):
            blocks = normalize(sim, spec, banks, text_video=OWNER)
        np.testing.assert_allclose(blocks.t2v, whole.t2v, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(blocks.v2t, whole.v2t, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spec", INDUCTIVE)
def test_a_test_query_is_independent_of_the_others_with_a_fixed_bank(spec: str) -> None:
    sim, bank = pair(15)
    whole = normalize(sim.t2v, spec, bank.t2v, text_video=OWNER).t2v
    spam = np.concatenate([sim.t2v, np.repeat(sim.t2v[:1], 100, axis=0)])
    more = normalize(spam, spec, bank.t2v).t2v
    np.testing.assert_array_equal(more[:9], whole)
    alone = normalize(sim.t2v[4:5], spec, bank.t2v).t2v
    np.testing.assert_array_equal(alone[0], whole[4])


@pytest.mark.parametrize("spec", ["ncl", "dsl"])
def test_repeating_a_query_moves_others_with_the_test_bank(spec: str) -> None:
    sim, _ = pair(15)
    spam = np.concatenate([sim.t2v, np.repeat(sim.t2v[:1], 100, axis=0)])
    owner = np.concatenate([OWNER, np.repeat(OWNER[:1], 100)])
    more = normalize(spam, spec, text_video=owner).t2v[:9]
    assert np.abs(more - normalize(sim.t2v, spec, text_video=OWNER).t2v).max() > 1e-3


@pytest.mark.parametrize("spec", WITH_BANK)
def test_the_order_of_everything_permutes(spec: str) -> None:
    sim, bank = pair(16)
    rng = np.random.default_rng(0)
    rows, columns, banks = rng.permutation(9), rng.permutation(7), rng.permutation(15)
    whole = normalize(sim.t2v, spec, bank.t2v, text_video=OWNER).t2v
    turned = normalize(
        sim.t2v[np.ix_(rows, columns)],
        spec,
        bank.t2v[np.ix_(banks, columns)],
        text_video=np.argsort(columns)[OWNER[rows]],
    ).t2v
    np.testing.assert_allclose(turned, whole[np.ix_(rows, columns)], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spec", INDUCTIVE)
def test_equal_gallery_items_and_equal_queries_stay_equal(spec: str) -> None:
    sim, bank = pair(17)
    columns, rows = np.array([0, 1, 2, 3, 4, 5, 6, 2, 5]), np.array([*range(9), 4, 4])
    doubled = sim.t2v[np.ix_(rows, columns)]
    out = normalize(doubled, spec, bank.t2v[:, columns]).t2v
    np.testing.assert_array_equal(out[:, [7, 8]], out[:, [2, 5]])
    np.testing.assert_array_equal(out[[9, 10]], out[[4, 4]])


@pytest.mark.parametrize(
    "spec", [spec for spec in WITH_BANK if normalizations.parse(spec).keeps_scale]
)
def test_scores_on_the_inputs_scale_move_with_it(spec: str) -> None:
    sim, bank = pair(18)
    whole = normalize(sim.t2v, spec, bank.t2v, text_video=OWNER).t2v
    # all similarities 0.1 higher: every difference between two items stays what it is
    higher = normalize(sim.t2v + 0.1, spec, bank.t2v + 0.1, text_video=OWNER).t2v
    np.testing.assert_allclose(higher - higher[:, :1], whole - whole[:, :1], rtol=0, atol=1e-9)


def test_none_leaves_everything_as_it_is() -> None:
    sim, bank = pair()
    for banks in (None, "test", bank):
        out = vrbench.normalize(sim, "none", banks, text_video=OWNER)
        np.testing.assert_array_equal(out.t2v, sim.t2v)
        np.testing.assert_array_equal(out.v2t, sim.v2t)
