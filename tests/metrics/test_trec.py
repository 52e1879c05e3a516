"""TREC files: their lines, and other tools' numbers on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_features import COUNTS, write_features
from typer.testing import CliRunner

import vrbench
from vrbench import InputError
from vrbench.bundled import bundled_features
from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.metrics.trec import best, write_runs
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth


def test_a_run_lists_the_best_items_and_the_qrels_the_right_ones(tmp_path: Path) -> None:
    sim = np.array([[0.1, 0.5, 0.5], [0.25, -1.0, 0.0]])
    truth = Truth.of(sim.shape, [2, 0])
    ids = np.array(["a", "b"]), np.array(["x", "y", "z"])
    files = write_runs(tmp_path / "r", Sim(sim, sim), truth, *ids, depth=2)
    assert [file.name for file in files] == ["r.t2v.run", "r.t2v.qrels", "r.v2t.run", "r.v2t.qrels"]
    assert files[0].read_text().splitlines() == [
        "a Q0 y 1 0.5 vrbench",
        "a Q0 z 2 0.5 vrbench",
        "b Q0 x 1 0.25 vrbench",
        "b Q0 z 2 0.0 vrbench",
    ]
    assert files[1].read_text().splitlines() == ["a 0 z 1", "b 0 x 1"]
    # y has no text and asks nothing
    assert {line.split()[0] for line in files[2].read_text().splitlines()} == {"x", "z"}


@pytest.mark.parametrize("seed", range(5))
def test_best_is_the_start_of_a_stable_sort(seed: int) -> None:
    row = np.random.default_rng(seed).integers(0, 9, 40).astype(np.float32)
    whole = sorted(range(40), key=lambda i: (-row[i], i))
    for k in (1, 7, 40, 99):
        assert best(row, k).tolist() == whole[:k]


def test_ids_with_white_space_are_refused(tmp_path: Path) -> None:
    ids = np.array(["a b"]), np.array(["x"])
    with pytest.raises(InputError, match="'a b' cannot stand in a TREC file"):
        write_runs(tmp_path / "r", Sim(np.ones((1, 1)), np.ones((1, 1))), Truth.of((1, 1)), *ids)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("norm", ["none", "ncl:gamma=0.1"])
@pytest.mark.parametrize("which", ["several captions", "bundled"])
def test_another_tool_finds_the_same_recalls(norm: str, which: str, tmp_path: Path) -> None:
    ir_measures = pytest.importorskip("ir_measures")
    path = bundled_features()
    if which == "several captions":
        path = write_features(tmp_path / "f.h5", counts=COUNTS * 8)
    words = ["eval", str(path), "--method", "global", "--norm", norm, "--ties", "pessimistic", "-q"]
    done = CliRunner().invoke(
        app, [*words, "--run", str(tmp_path / "r"), "--out", str(tmp_path / "o")]
    )
    assert done.exit_code == 0, done.stderr
    (result,) = vrbench.evaluate(path, "global", norm, ties="pessimistic", out=tmp_path / "o")
    for direction in ("t2v", "v2t"):
        measures = [ir_measures.parse_measure(f"Success@{k}") for k in (1, 5, 10)]
        found = ir_measures.calc_aggregate(
            measures,
            ir_measures.read_trec_qrels(str(tmp_path / f"r.{direction}.qrels")),
            ir_measures.read_trec_run(str(tmp_path / f"r.{direction}.run")),
        )
        ranks = result.ranks[direction][~np.isnan(result.ranks[direction])]
        tied = round(result["metrics"][direction]["tied"] * len(ranks))
        for measure, k in zip(measures, (1, 5, 10), strict=True):
            hits = found[measure] * len(ranks)
            # the tool orders equal scores by name: it may find more than the worst place
            assert (ranks <= k).sum() - 1e-6 <= hits <= (ranks <= k).sum() + tied + 1e-6


def test_one_run_holds_one_result(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    words = ["eval", str(path), "--method", "global", "--method", "uniform", "--run", "r"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "--run holds one result" in done.stderr
