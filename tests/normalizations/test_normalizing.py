from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import oracle_metrics as slow
import pytest
import torch
from small_sims import OWNER, normalize, pair

import vrbench
from vrbench.errors import InputError
from vrbench.sims.sim import Sim


def test_banks_and_similarities_come_in_every_shape() -> None:
    sim, bank = pair(23)
    expected = normalize(sim, "ncl", bank, text_video=OWNER)
    shapes = [
        (sim, {"t2v": bank.t2v, "v2t": bank.v2t}),
        ({"t2v": sim.t2v, "v2t": sim.v2t}, bank),
        (SimpleNamespace(t2v=sim.t2v, v2t=sim.v2t), SimpleNamespace(t2v=bank.t2v, v2t=bank.v2t)),
        (Sim(torch.tensor(sim.t2v), torch.tensor(sim.v2t)), Sim(bank.t2v.tolist(), bank.v2t)),
    ]
    for given_sim, given_bank in shapes:
        out = normalize(given_sim, "ncl", given_bank, text_video=OWNER)
        assert isinstance(out.t2v, np.ndarray)
        np.testing.assert_array_equal(out.t2v, expected.t2v)
        np.testing.assert_array_equal(out.v2t, expected.v2t)


def test_one_matrix_serves_both_directions() -> None:
    sim, _ = pair(24)
    out = normalize(sim.t2v, "ncl", text_video=OWNER)
    both = normalize(Sim(sim.t2v, sim.t2v), "ncl", text_video=OWNER)
    np.testing.assert_array_equal(out.t2v, both.t2v)
    np.testing.assert_array_equal(out.v2t, both.v2t)


def test_one_matrix_as_the_bank_is_that_of_t2v() -> None:
    sim, bank = pair(25)
    out = normalize(sim, "ncl", bank.t2v)
    assert out.v2t is None
    np.testing.assert_array_equal(out.t2v, normalize(sim, "ncl", bank, text_video=OWNER).t2v)


def test_a_bank_of_one_direction_gives_that_direction() -> None:
    sim, bank = pair(26)
    whole = normalize(sim, "ncl", bank)
    t2v, v2t = (normalize(sim, "ncl", {d: getattr(bank, d)}) for d in ("t2v", "v2t"))
    assert t2v.v2t is None
    assert v2t.t2v is None
    np.testing.assert_array_equal(t2v.t2v, whole.t2v)
    np.testing.assert_array_equal(v2t.v2t, whole.v2t)


def test_a_similarity_of_one_direction_gives_that_direction() -> None:
    sim, bank = pair(27)
    out = normalize({"v2t": sim.v2t}, "ncl", bank)
    assert out.t2v is None
    np.testing.assert_array_equal(out.v2t, normalize(sim, "ncl", bank).v2t)


def test_the_truth_is_not_needed_for_a_matrix_that_is_not_square() -> None:
    sim, bank = pair(28)
    assert normalize(sim, "ncl", bank).t2v.shape == (9, 7)
    everyone = normalize(sim, "dsl", "test")
    np.testing.assert_allclose(everyone.v2t.T, slow.dsl(sim.v2t.T, sim.v2t.T), atol=1e-12)


@pytest.mark.parametrize(
    ("sim", "spec", "bank", "message"),
    [
        (np.ones((4, 4)), "nlc", "test", "Did you mean 'ncl'"),
        (np.ones((4, 4)), "ncl", None, "needs a bank"),
        (np.ones((4, 4)), "ncl", "train", "Unknown bank 'train'"),
        (np.ones((4, 4)), "ncl", np.ones((3, 5)), r"t2v bank has shape \(3, 5\), expected"),
        (np.ones((4, 4)), "ncl", np.ones((0, 4)), r"t2v bank has shape \(0, 4\)"),
        (np.ones((4, 4)), "ncl", {"v2t": np.ones((5, 3))}, r"v2t bank has shape \(5, 3\)"),
        (np.ones((4, 4)), "ncl", {"t2w": np.ones((3, 4))}, "needs 't2v', 'v2t' or both"),
        (np.ones((4, 4)), "ncl", np.ones(4), "bank"),
        (np.ones((4, 4)), "dsl", np.full((3, 4), np.nan), "bank"),
        (np.ones((4, 4)), "dsl", np.full((3, 4), np.inf), "bank"),
        (np.ones(4), "ncl", "test", r"shape \(4,\)"),
        ({}, "ncl", "test", "needs 't2v', 'v2t' or both"),
        ({"t2v": np.ones((3, 4)), "v2t": np.ones((4, 3))}, "ncl", "test", r"\(4, 3\)"),
        (np.ones((2, 4, 4)), "sk", np.ones((3, 3, 4)), "3 levels, the similarity 2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "_",
)
def test_what_does_not_fit_is_refused(sim: Any, spec: str, bank: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        vrbench.normalize(sim, spec, bank)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("spec", ["ncl", "dsl", "center"])
@pytest.mark.parametrize("bank", ["test", "train"])
def test_a_similarity_that_is_not_finite_is_named(bank: str, spec: str, bad: float) -> None:
    sim, train = pair(29)
    sim.t2v[3, 5] = bad
    with pytest.raises(InputError, match="text 3 and video 5"):
        normalize(sim, spec, train if bank == "train" else "test", text_video=OWNER)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bank_that_is_not_finite_names_its_query(bad: float) -> None:
    sim, bank = pair(30)
    bank.t2v[11, 2] = bad
    with pytest.raises(InputError, match=r"bank.*text 11 and video 2"):
        normalize(sim, "ncl", bank, text_video=OWNER)
