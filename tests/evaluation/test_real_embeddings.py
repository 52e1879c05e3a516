from __future__ import annotations

from pathlib import Path

import numpy as np
import oracle_metrics as slow
import pytest

import vrbench
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.settings import Settings
from vrbench.importing.to_features import import_arrays

REAL = {
    "videoclip_msrvtt100": {"R@1": 24.0, "R@5": 52.0, "R@10": 73.0},
    "clip_vitb16_coco_val500": {"R@1": 50.6, "R@5": 76.6, "R@10": 86.2},
    "clip_vitb32_memorylens290": {"R@1": 46.9, "R@5": 79.0, "R@10": 92.4},
}


@pytest.mark.parametrize("name", REAL)
def test_real_embeddings_give_the_known_numbers(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    arrays = shared_data / "embeddings" / f"{name}.npz"
    path = import_arrays(arrays, tmp_path / "f.h5", dataset=name)
    (result,) = vrbench.evaluate(path, "global", out=tmp_path)
    found = {key: round(result["metrics"]["t2v"][key], 1) for key in REAL[name]}
    assert found == REAL[name]
    with vrbench.open(path) as features:
        sim = vrbench.score(features.text, features.video, "global").t2v
    owner = np.arange(len(sim))
    np.testing.assert_array_equal(result.ranks["t2v"], slow.ranks_t2v(sim, owner))
    np.testing.assert_array_equal(result.ranks["v2t"], slow.ranks_v2t(sim, owner))


def test_the_videoclip_embeddings_have_37_percent_from_video_to_text(
    shared_data: Path, tmp_path: Path
) -> None:
    arrays = shared_data / "embeddings" / "videoclip_msrvtt100.npz"
    (result,) = vrbench.evaluate(import_arrays(arrays, tmp_path / "f.h5"), "global")
    assert result["metrics"]["v2t"]["R@1"] == 37


@pytest.mark.parametrize(
    ("ties", "recall"), [("mean", 79.0), ("optimistic", 79.7), ("pessimistic", None)]
)
def test_ties_of_real_embeddings_are_counted_by_the_rule(
    shared_data: Path, tmp_path: Path, ties: str, recall: float | None
) -> None:
    arrays = shared_data / "embeddings" / "clip_vitb32_memorylens290.npz"
    path = import_arrays(arrays, tmp_path / "f.h5")
    (result,) = vrbench.evaluate(path, "global", ties=ties)
    metrics = result["metrics"]["t2v"]
    assert metrics["tied"] == pytest.approx(4 / 290)
    if recall is None:
        assert metrics["R@5"] <= 79.0
    else:
        assert round(metrics["R@5"], 1) == recall


@pytest.mark.parametrize("name", ["videoclip_msrvtt100", "clip_vitb32_memorylens290"])
def test_real_embeddings_have_the_numbers_of_ir_measures(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    """It orders tied items by name: there, between the worst and the best order."""
    ir_measures = pytest.importorskip("ir_measures")
    path = import_arrays(shared_data / "embeddings" / f"{name}.npz", tmp_path / "f.h5")
    sims, rules = tmp_path / "s.npz", {}
    for rule in ("mean", "optimistic", "pessimistic"):
        opened = Evaluation.open(path, Settings(ties=rule))
        (rules[rule],) = opened.run(opened.jobs(["global"], ["none"]), Output(sims=sims))
    theirs = {"MRR": "RR", "mAP": "AP", "nDCG@10": "nDCG@10"}
    theirs |= {f"R@{k}": f"Success@{k}" for k in (1, 5, 10)}
    measures = {key: ir_measures.parse_measure(word) for key, word in theirs.items()}
    for direction in ("t2v", "v2t"):
        matrix = np.load(sims)[direction]
        rows = matrix if direction == "t2v" else matrix.T
        n = range(len(rows))
        run = [ir_measures.ScoredDoc(f"{i}", f"{j}", float(rows[i, j])) for i in n for j in n]
        qrels = [ir_measures.Qrel(f"{i}", f"{i}", 1) for i in n]
        found = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
        numbers = {rule: result.metrics[direction] for rule, result in rules.items()}
        tied = numbers["mean"]["tied"] > 0
        assert tied == (name == "clip_vitb32_memorylens290")
        for key, measure in measures.items():
            value = 100 * found[measure]
            worst, best = numbers["pessimistic"][key], numbers["optimistic"][key]
            assert worst - 1e-9 <= value <= best + 1e-9, (direction, key)
            assert worst - 1e-9 <= numbers["mean"][key] <= best + 1e-9
            if not tied:
                assert numbers["mean"][key] == pytest.approx(value, abs=1e-9)
