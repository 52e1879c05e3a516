"""``--interval``: bootstrap intervals of single results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_runs import run
from scipy.stats import binom
from small_features import write_features

import vrbench
from vrbench.metrics.measure import measure
from vrbench.results.intervals import intervals
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth


def measured(n: int = 60, seed: int = 0, candidates: bool = False):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    sim = rng.standard_normal((n, n)) + 2 * np.eye(n)
    truth = Truth.of(sim.shape)
    if candidates:
        some = rng.random((n, n)) < 0.5
        truth = Truth(truth.text, truth.video, n, n, candidates=some)
    return measure(Sim(sim, sim), truth, (1, 5), "mean", "best-caption", None)


def test_they_are_the_percentiles_of_resampled_queries() -> None:
    found, n = measured(), 60
    draws = 4000
    about = intervals(found, seed=1, draws=draws)
    assert (about["level"], about["draws"], about["seed"]) == (0.95, draws, 1)
    assert set(about["t2v"]) == set(found.metrics["t2v"]) - {"tied"}
    hits = int((found.ranks["t2v"] <= 1).sum())
    exact = [100 * binom.ppf(p, n, hits / n) / n for p in (0.025, 0.975)]
    np.testing.assert_allclose(about["t2v"]["R@1"], exact, atol=2.01 * 100 / n / 2)
    # a mean: near the normal approximation
    for key, values in found.each["t2v"].items():
        error = values.std() / np.sqrt(n)
        low, high = about["t2v"][key]
        assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error + 1e-9)
        assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error + 1e-9)


def test_the_seed_decides() -> None:
    found = measured()
    assert intervals(found, 3, 99) == intervals(found, 3, 99)
    assert intervals(found, 3, 99) != intervals(found, 4, 99)


def test_missed_queries_hit_nowhere() -> None:
    found = measured(8, candidates=True)
    assert found.missed["t2v"].any()
    low, high = intervals(found, 0, 199)["t2v"]["R@5"]
    assert low <= found.metrics["t2v"]["R@5"] <= high


def test_they_stand_in_the_result_and_under_the_table(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", counts=(1,) * 30)
    words: list[str | Path] = ["eval", path, "--method", "global", "--out", tmp_path / "o"]
    before = run(*words)
    assert "intervals" not in before.out
    done = run(*words, "--interval")
    assert done.code == 0, done.err
    assert "95% intervals, bootstrap over queries, 9,999 draws" in done.out
    (file,) = (tmp_path / "o").glob("*.json")  # the same result, with more in it
    values = json.loads(file.read_text())
    for direction in ("t2v", "v2t"):
        for key, (low, high) in values["intervals"][direction].items():
            assert low <= values["metrics"][direction][key] <= high
            assert f"{key} [{low:.1f}, {high:.1f}]" in done.out or key == "mAP"
    stamp = file.stat().st_mtime_ns
    again = run(*words, "--interval")
    assert again.out == done.out
    assert file.stat().st_mtime_ns == stamp
    (result,) = vrbench.evaluate(path, "global", interval=True)
    assert result.values["intervals"] == values["intervals"]
