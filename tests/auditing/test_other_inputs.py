"""Rules about what a matrix holds: reranked candidates, a matrix a frame, distances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from audited import reported, save
from typer.testing import CliRunner

import vrbench
from vrbench.auditing import audit
from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.metrics.ranking import summary
from vrbench.sims.sim import DIRECTIONS


def test_reranked_candidates(tmp_path: Path) -> None:
    """The rule against the released arithmetic: -100 elsewhere, a softmax in float32, ranks."""
    random = np.random.default_rng(3)
    sim = random.normal(size=(12, 30)).astype(np.float32)
    owner = random.permutation(30)[:12]
    sim[np.arange(12), owner] += 1
    sim[0] *= 80  # differences beyond float32 within the candidates too
    path = save(tmp_path / "s.npz", t2v=sim, text_video=owner)
    report = audit(path, ["reranked:k=4"])
    for direction in DIRECTIONS:
        rows = sim if direction == "t2v" else sim.T
        filled = np.full(rows.shape, -100, np.float32)
        for q, row in enumerate(rows):
            for item in sorted(range(len(row)), key=lambda i: (-row[i], i))[:4]:
                filled[q, item] = row[item]
        scores = np.exp(filled - filled.max(1, keepdims=True))
        scores /= scores.sum(1, keepdims=True)
        scores = scores if direction == "t2v" else scores.T
        ranks = vrbench.metrics.ranks(scores, owner, direction)
        found = reported(report, "reranked:k=4", direction)["metrics"]
        assert found == pytest.approx(summary(ranks))
        plain = reported(report, "mean", direction)["metrics"]
        assert found["R@1"] == plain["R@1"]
        assert found["MnR"] != plain["MnR"]
    assert reported(report, "mean", "t2v") is not None
    assert reported(audit(path), "reranked", "t2v") is None, "every item is a candidate"
    assert reported(audit(path, ["reranked:k=12"]), "reranked:k=12", "v2t") is None


def test_several_matrices_of_frames(tmp_path: Path) -> None:
    levels = np.random.default_rng(4).normal(size=(3, 8, 8))
    report = audit(save(tmp_path / "s.npz", t2v=levels), ["frames-lse:scale=2"])
    joined = {
        "mean": levels.mean(0),
        "frames-max": levels.max(0),
        "frames-lse:scale=2": np.log(np.exp(2 * levels).sum(0)) / 2,
        "frames-first": levels[0],
    }
    for rule, matrix in joined.items():
        for direction in DIRECTIONS:
            expected = summary(vrbench.metrics.ranks(matrix, direction=direction))
            assert reported(report, rule, direction)["metrics"] == pytest.approx(expected), rule
    large = audit(tmp_path / "s.npz", ["frames-lse:scale=1000"])
    for direction in ("t2v", "v2t"):
        assert reported(large, "frames-lse:scale=1000", direction) == reported(
            large, "frames-max", direction
        )
    (one,) = [row for row in audit(np.eye(8))["rules"] if row["rule"] == "frames-max"]
    assert one["t2v"] is None


def test_distances_given_as_similarities(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    sim = random.normal(size=(40, 40)) + 3 * np.eye(40)
    right, wrong = (save(tmp_path / n, t2v=m) for n, m in (("r.npz", sim), ("w.npz", 2 - sim)))
    good, bad = audit(right), audit(wrong)
    for direction in ("t2v", "v2t"):
        assert reported(good, "negated", direction) is None
        assert reported(bad, "mean", direction)["metrics"]["MdR"] > 35
        assert reported(bad, "negated", direction) == reported(good, "mean", direction)
    said = " ".join(CliRunner().invoke(app, ["audit", str(wrong)]).stdout.split())
    assert "near the size of the gallery (t2v and v2t): these look like distances" in said
    assert "look like distances" not in CliRunner().invoke(app, ["audit", str(right)]).stdout
    chance = audit(save(tmp_path / "c.npz", t2v=random.normal(size=(40, 40))))
    assert reported(chance, "negated", "t2v") is None
    assert reported(audit(save(tmp_path / "f.npz", t2v=-np.eye(9))), "negated", "t2v") is None
