"""What every normalization promises whatever its formula, and what it does at its limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import oracle_metrics as slow
import pytest
from numpy.typing import NDArray
from small_features import write_features

import vrbench
from vrbench.metrics.ranking import ranks
from vrbench.normalizations import normalizations
from vrbench.sims.sim import Sim

Matrix = NDArray[np.float64]
NORMS = [name for name, cls in normalizations.classes().items() if cls.needs_bank]
ON_SCALE = ["ncl:gamma=0.03", "sk", "center", "csls", "nnn", "dsl:log=true"]


def hubby(seed: int, n: int, m: int) -> Matrix:
    """(n, m) similarities; some gallery items are near every query."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.0, 0.4, (n, m)) + rng.uniform(0.0, 0.2, m)


def t2v(
    sim: NDArray[Any], spec: str, bank: NDArray[Any] | Literal["test"], owner: Any = None
) -> Matrix:
    banks = bank if isinstance(bank, str) else {"t2v": bank}
    return np.asarray(vrbench.normalize({"t2v": sim}, spec, banks, text_video=owner).t2v)


def softmax(logits: Matrix) -> Matrix:
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("shape", [(12, 12), (12, 8)])
def test_the_softmax_of_ncl_is_the_doubly_normalized_matrix(shape: tuple[int, int]) -> None:
    gamma, sim = 0.05, hubby(0, *shape)
    doubly = np.exp(sim / gamma)
    for _ in range(2000):  # rows sum to 1, columns to n / m
        doubly /= doubly.sum(axis=1, keepdims=True)
        doubly /= doubly.sum(axis=0) * shape[1] / shape[0]
    out = t2v(sim, f"ncl:gamma={gamma},iterations=2000", "test", np.arange(shape[0]) % shape[1])
    np.testing.assert_allclose(softmax(out / gamma), doubly, rtol=0, atol=1e-12)


@pytest.mark.parametrize("spec", ON_SCALE)
def test_a_bias_of_the_queries_changes_no_rank(spec: str) -> None:
    sim, bank = hubby(1, 20, 12), hubby(2, 30, 12)
    owner = np.arange(20) % 12
    out = t2v(sim, spec, bank, owner)
    bias = np.random.default_rng(3).uniform(0, 0.5, (20, 1))
    np.testing.assert_array_equal(ranks(out + bias, owner), ranks(out, owner))
    turned = ranks(out + bias, owner, "v2t")  # there it is a bias of the gallery
    assert (turned != ranks(out, owner, "v2t")).any()


@pytest.mark.parametrize("spec", NORMS)
def test_a_bank_of_one_query_is_enough(spec: str) -> None:
    sim, bank = hubby(4, 9, 7), hubby(5, 1, 7)
    out = t2v(sim, spec, bank)
    assert np.isfinite(out).all()
    twice = t2v(sim, spec, np.concatenate([bank, bank]))  # the same distribution of queries
    first = [np.argsort(-row, kind="stable").tolist() for row in out]
    assert first == [np.argsort(-row, kind="stable").tolist() for row in twice]


@pytest.mark.parametrize("spec", NORMS)
def test_a_bank_as_large_as_the_gallery_is_not_taken_for_it(spec: str) -> None:
    sim, bank = hubby(6, 9, 7), hubby(7, 7, 7)
    square = t2v(sim, spec, bank)
    assert np.abs(square - t2v(sim, spec, bank.T.copy())).max() > 1e-3
    order = np.random.default_rng(8).permutation(7)
    np.testing.assert_allclose(t2v(sim, spec, bank[order]), square, rtol=1e-12, atol=1e-12)


def by_rows(scores: Matrix) -> list[list[int]]:
    return [np.argsort(-row).tolist() for row in scores]


@pytest.mark.parametrize("name", ["inverted-softmax", "qb-norm"])
def test_limits_of_beta(name: str) -> None:
    sim, bank = hubby(9, 20, 7) - 0.2, hubby(10, 15, 7)
    everyone = ",k=7" if name == "qb-norm" else ""  # every item is one that the bank retrieves
    # to infinity: what is subtracted is each item's largest similarity to the bank, as nnn's
    sharp = t2v(sim, f"{name}:beta=1000{everyone}", bank)
    assert by_rows(sharp) == by_rows(sim - bank.max(axis=0))
    assert by_rows(sharp) == by_rows(t2v(sim, "nnn:k=1,alpha=1", bank))
    # to 0: its mean similarity, as center's
    flat = t2v(sim, f"{name}:beta=0.0001{everyone}", bank)
    assert by_rows(flat) == by_rows(t2v(sim, "center", bank))
    assert by_rows(flat) != by_rows(sharp)


def test_limits_of_gamma() -> None:
    sim, bank = hubby(11, 20, 7), hubby(12, 15, 7)
    soft = t2v(sim, "ncl:gamma=1000", bank)
    centred = t2v(sim, "center", bank)
    np.testing.assert_allclose(soft - soft[:, :1], centred - centred[:, :1], rtol=0, atol=1e-4)
    log = t2v(sim, "dsl:tau=0.00001,log=true", bank)
    np.testing.assert_allclose(log, 2 * sim - bank.max(axis=0), rtol=0, atol=1e-4)


@pytest.mark.parametrize("spec", NORMS)
def test_repeating_a_query_moves_others_only_where_the_bank_is_the_test_set(spec: str) -> None:
    n, m = 40, 20
    sim, bank, owner = hubby(13, n, m), hubby(14, 60, m), np.arange(n) % m
    again = np.concatenate([np.arange(n), np.zeros(100, dtype=int)])
    spam, spam_owner = sim[again], owner[again]
    train = [ranks(t2v(s, spec, bank, o), o)[:n] for s, o in ((sim, owner), (spam, spam_owner))]
    np.testing.assert_array_equal(train[0], train[1])
    test = [ranks(t2v(s, spec, "test", o), o)[1:n] for s, o in ((sim, owner), (spam, spam_owner))]
    assert (test[0] != test[1]).any()


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["best-caption", "group-max", "each-caption"])
@pytest.mark.parametrize("bank", ["train", "test"])
@pytest.mark.parametrize("marginals", ["uniform", "captions"])
def test_several_captions_a_video_in_both_directions(
    tmp_path: Path, protocol: Any, bank: str, marginals: str
) -> None:
    path = write_features(tmp_path / "many.h5", counts=(4, 1, 7, 2, 3, 1))
    norm = f"ncl:gamma=0.05,marginals={marginals}"
    (result,) = vrbench.evaluate(path, "max-avg", norm, bank, v2t=protocol, precision="double")
    assert result["transductive"] == (bank == "test" or marginals == "captions")
    file = vrbench.open(path)
    owner, texts = file.text_video, file.text
    sim = vrbench.score(texts, file.video, "max-avg", precision="double")
    banks, counts, captions = sim, np.bincount(owner), np.bincount(owner)
    if bank == "train":
        assert file.bank_text is not None
        assert file.bank_video is not None
        assert file.bank_text.video is not None
        t2v_bank = vrbench.score(file.bank_text, file.video, "max-avg", precision="double").t2v
        v2t_bank = vrbench.score(texts, file.bank_video, "max-avg", precision="double").v2t
        banks, captions = Sim(t2v_bank, v2t_bank), np.bincount(file.bank_text.video)
    weigh = marginals == "captions"
    t2v_bias = slow.ncl_bias_log(banks.t2v, 0.05, 4, counts=counts if weigh else None)
    v2t_bias = slow.ncl_bias_log(banks.v2t.T, 0.05, 4, query_weights=captions if weigh else None)
    expected = slow.ranks_t2v(sim.t2v + t2v_bias, owner)
    np.testing.assert_array_equal(result.ranks["t2v"], expected)
    expected = slow.ranks_v2t(sim.v2t + v2t_bias[:, None], owner, protocol=protocol)
    np.testing.assert_array_equal(result.ranks["v2t"], expected)


MORE = ["ncl:gamma=0.05", "ncl:gamma=1", "ncl:gamma=0.0001", "ncl:gamma=0.05,iterations=0", "sk"]


@pytest.mark.parametrize("spec", sorted({*NORMS, *MORE}))
@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("least", [0, 10**9])
def test_equal_gallery_items_stay_equal_wherever_they_stand(
    spec: str, single: bool, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the compiled pass and without it; a BLAS sums a column by where it stands."""
    monkeypatch.setattr("vrbench.normalizations.kept.COMPILED", least)
    for m in (*range(2, 40), 67, 130, 515):
        sim: NDArray[Any] = hubby(m, 60, m).astype(np.float32 if single else np.float64)
        twins = [0, m // 2, m - 1]
        sim[:, twins] = sim[:, :1]
        out = t2v(sim, spec, sim, np.arange(60) % m)
        np.testing.assert_array_equal(out[:, twins], out[:, [0, 0, 0]], err_msg=f"{m} items")
