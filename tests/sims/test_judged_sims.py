"""Graded relevance and candidates in similarity files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run

import vrbench
from vrbench.errors import InputError
from vrbench.sims.file import load_sim, save_sim

N, M = 6, 9


def arrays(seed: int = 0) -> dict[str, Any]:
    """Similarities with ties, three grades, and three to four candidates a text."""
    rng = np.random.default_rng(seed)
    relevance = rng.choice([0.0, 0.0, 1.0, 2.0], (N, M))
    relevance[np.arange(N), np.arange(N)] = 3.0
    candidates = rng.random((N, M)) < 0.4
    candidates[:3, :3] = True
    candidates[N - 1] = relevance[N - 1] == 0  # no right one among them
    sim = rng.integers(0, 6, (N, M)).astype(float)
    return {"t2v": sim, "relevance": relevance, "candidates": candidates}


def save(path: Path, **values: Any) -> Path:
    np.savez(path, **values)
    return path


def test_they_are_read_and_written_again(tmp_path: Path) -> None:
    given = arrays()
    file = load_sim(save(tmp_path / "a.npz", **given))
    save_sim(tmp_path / "b.npz", file.sim, "none", file.sim, file.truth, None, {})
    again = np.load(tmp_path / "b.npz")
    for key in ("t2v", "relevance", "candidates"):
        np.testing.assert_array_equal(again[key], given[key])
    assert {"text_video", "positives"}.isdisjoint(again.files)


def test_a_limited_file_keeps_those_of_its_videos(tmp_path: Path) -> None:
    given = arrays()
    path = save(tmp_path / "a.npz", **given)
    (limited,) = vrbench.evaluate(path, limit=5)
    texts = np.flatnonzero(given["relevance"][:, :5].any(axis=1))
    cut = {key: value[texts, :5] for key, value in given.items()}
    (own,) = vrbench.evaluate(save(tmp_path / "b.npz", **cut))
    assert limited.metrics == own.metrics


def test_results_of_other_candidates_are_not_compared(tmp_path: Path) -> None:
    given = arrays()
    names = {
        "text_ids": np.array([f"t{i}" for i in range(N)]),
        "video_ids": np.array([f"v{i}" for i in range(M)]),
    }
    rows, columns = np.random.default_rng(1).permutation(N), np.arange(M)[::-1]
    cut = {key: value[np.ix_(rows, columns)] for key, value in given.items()}
    moved = names["text_ids"][rows], names["video_ids"][columns]
    more = given["candidates"].copy()
    more[0] = True
    files = {
        "own": given | names,
        "moved": cut | dict(zip(names, moved, strict=True)),
        "more": given | names | {"candidates": more},
    }
    said = {}
    for name, values in files.items():
        path = save(tmp_path / f"{name}.npz", **values)
        assert run("eval", "--from-sim", path, "--out", tmp_path / name).code == 0
        (file,) = (tmp_path / name).glob("*.json")
        said[name] = json.loads(file.read_text())["protocol"]["candidates"]
    assert said["own"] == said["moved"] != said["more"]
    assert run("compare", tmp_path / "own", tmp_path / "moved").code == 0
    refused = run("compare", tmp_path / "own", tmp_path / "more")
    assert refused.code == 2
    assert "evaluate both alike" in refused.err


def test_candidates_alone_compete_in_t2v(tmp_path: Path) -> None:
    given = arrays()
    sim, relevance, candidates = given.values()
    (result,) = vrbench.evaluate(save(tmp_path / "a.npz", **given), k=(1, 3, M))
    ranks = []
    for i in range(N):
        best = [sim[i, j] for j in range(M) if candidates[i, j] and relevance[i, j] > 0]
        others = [sim[i, j] for j in range(M) if candidates[i, j] and relevance[i, j] == 0]
        if best:
            over = [x > max(best) for x in others]
            ranks.append(1 + sum(over) + sum(x == max(best) for x in others) / 2)
        else:
            ranks.append(float(M))
    assert result.ranks["t2v"].tolist() == ranks
    missed = (candidates & (relevance > 0)).sum(axis=1) == 0
    assert 0 < missed.sum() < N
    found = result.metrics["t2v"]
    assert found["missed"] == missed.mean()
    assert found["MnR"] == np.mean(ranks)
    for k in (1, 3, M):  # those without a right candidate hit at no K, not even at the last
        assert found[f"R@{k}"] == pytest.approx(
            100 * np.mean([r <= k and not m for r, m in zip(ranks, missed, strict=True)])
        )
    assert found[f"R@{M}"] < 100
    assert result.diagnostics["t2v"]["normalization_error"] is None
    (whole,) = vrbench.evaluate(save(tmp_path / "b.npz", t2v=sim, relevance=relevance), k=(1, 3, M))
    assert result.metrics["v2t"] == whole.metrics["v2t"]
    assert "missed" not in whole.metrics["t2v"]
    assert "missed" not in result.metrics["v2t"]


def test_other_tools_see_a_reranked_run_the_same_way(tmp_path: Path) -> None:
    ir_measures = pytest.importorskip("ir_measures")
    given = arrays(3)
    given["t2v"] = np.random.default_rng(1).permutation(N * M).reshape(N, M).astype(float)
    sim, relevance, candidates = (given[key] for key in ("t2v", "relevance", "candidates"))
    (result,) = vrbench.evaluate(save(tmp_path / "a.npz", **given))
    pairs = [(i, j) for i in range(N) for j in range(M)]
    run = [ir_measures.ScoredDoc(f"q{i}", f"d{j}", sim[i, j]) for i, j in pairs if candidates[i, j]]
    qrels = [ir_measures.Qrel(f"q{i}", f"d{j}", int(relevance[i, j])) for i, j in pairs]
    theirs = {"MRR": "RR", "mAP": "AP", "nDCG@10": "nDCG@10", "recall@5": "R@5", "R@5": "Success@5"}
    for name, word in theirs.items():
        measure = ir_measures.parse_measure(word)
        found = ir_measures.calc_aggregate([measure], qrels, run)[measure]
        assert result.metrics["t2v"][name] == pytest.approx(100 * found, abs=1e-9), name


def test_a_text_without_a_candidate_has_no_vote(tmp_path: Path) -> None:
    sim = np.eye(3)
    candidates = np.array([[True, True, False], [False, True, True], [False, False, False]])
    path = save(tmp_path / "a.npz", t2v=sim, candidates=candidates)
    (result,) = vrbench.evaluate(path)
    assert result.diagnostics["t2v"]["once"] == pytest.approx(2 / 3)
    assert result.metrics["t2v"]["R@1"] == pytest.approx(200 / 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relevance": np.ones((N, M - 1))}, r"relevance is float64 \(6, 8\), expected numbers"),
        ({"relevance": np.ones((N, M), dtype=bool)}, "relevance is bool"),
        ({"relevance": -np.ones((N, M))}, "relevance of text 0 and video 0 is -1"),
        ({"relevance": np.full((N, M), np.nan)}, "relevance of text 0 and video 0 is nan"),
        ({"relevance": np.zeros((N, M))}, "Text 0 has no right video in relevance"),
        ({"candidates": np.ones((M, N), dtype=bool)}, r"candidates is bool \(9, 6\), expected"),
        ({"candidates": np.full((N, M), 2)}, "candidates is int64"),
        ({"candidates": np.ones((N, M))}, "candidates is float64"),
        ({"candidates": np.zeros((N, M), dtype=bool)}, "candidates names no video"),
        ({"positives": np.eye(N, M, dtype=bool)}, "positives has 6 pairs, but"),
        ({"text_video": np.full(N, M - 1)}, "but relevance does not"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    given = arrays()
    given["relevance"][:, M - 1] = 0
    with pytest.raises(InputError, match=message):
        load_sim(save(tmp_path / "a.npz", **{**given, **changes}))


def test_single_captions_are_no_paragraphs(tmp_path: Path) -> None:
    names = {"text_sequence": np.arange(N) // 2, "video_sequence": np.arange(M) // 3}
    path = save(tmp_path / "a.npz", **arrays(), **names)
    with pytest.raises(InputError, match="relevance or candidates"):
        vrbench.evaluate(path, sequence="cap-avg")


def test_show_lists_candidates_alone_and_the_right_item(tmp_path: Path) -> None:
    given = arrays()
    path = save(tmp_path / "a.npz", **given)
    done = run("show", "text0", "--from-sim", path, "--norm", "none", "--k", "3", "--json")
    assert done.code == 0, done.err
    (shown,) = json.loads(done.out)
    (listing,) = shown["systems"]
    allowed = {f"video{j}" for j in np.flatnonzero(given["candidates"][0])}
    assert {one["item"] for one in listing["candidates"] if not one["right"]} <= allowed
    (result,) = vrbench.evaluate(path)
    assert listing["rank"] == result.ranks["t2v"][0]


def test_a_legend_says_each_thing_once(tmp_path: Path) -> None:
    done = run("eval", "--from-sim", save(tmp_path / "a.npz", **arrays()), "--out", tmp_path / "o")
    assert done.code == 0, done.err
    assert done.out.count("recall@K: share of a query's positives") == 1
