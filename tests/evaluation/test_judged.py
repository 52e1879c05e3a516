"""``--qrels`` and ``--from-run``: pairs, grades and candidates of other files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_runs import OWNER, refused, run
from small_features import COUNTS, write_features

import vrbench
from vrbench.errors import InputError

N, M = len(OWNER), len(COUNTS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_features(tmp_path / "f.h5")


def qrels(path: Path, relevance: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Path:
    lines = [
        f"text{i} 0 video{j} {grade:g}"
        for i, row in enumerate(relevance)
        for j, grade in enumerate(row)
    ]
    path.write_text("\n".join(lines))
    return path


def graded(seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    relevance = np.random.default_rng(seed).choice([0.0, 0.0, 1.0, 2.0], (N, M))
    relevance[np.arange(N), OWNER] = 3
    return relevance


def test_qrels_are_what_relevance_in_a_similarity_file_is(path: Path, tmp_path: Path) -> None:
    relevance = graded()
    features = vrbench.open(path)
    sim = vrbench.score(features.text, features.video, "max-avg")
    np.savez(tmp_path / "s.npz", t2v=sim.t2v, v2t=sim.v2t, relevance=relevance)
    (own,) = vrbench.evaluate(tmp_path / "s.npz")
    (result,) = vrbench.evaluate(path, "max-avg", qrels=qrels(tmp_path / "q", relevance))
    assert result.metrics == own.metrics
    assert result.protocol["qrels"] is not None


def test_qrels_of_the_same_pairs_change_nothing(path: Path, tmp_path: Path) -> None:
    (result,) = vrbench.evaluate(path, "global", "ncl")
    same = np.zeros((N, M))
    same[np.arange(N), OWNER] = 1
    for v2t in ("best-caption", "group-max", "each-caption"):
        (result,) = vrbench.evaluate(path, "global", "ncl", v2t=v2t)
        (given,) = vrbench.evaluate(
            path, "global", "ncl", v2t=v2t, qrels=qrels(tmp_path / "q", same)
        )
        assert given.metrics == result.metrics
        assert given.diagnostics == result.diagnostics


def test_a_run_of_all_items_changes_no_rank(path: Path, tmp_path: Path) -> None:
    assert (
        run("eval", path, "--method", "global", "--run", tmp_path / "r", "--out", tmp_path).code
        == 0
    )
    (result,) = vrbench.evaluate(path, "max-avg")
    (given,) = vrbench.evaluate(path, "max-avg", from_run=tmp_path / "r.t2v.run")
    known = {k: v for k, v in given.metrics["t2v"].items() if k != "missed"}
    assert known == result.metrics["t2v"]
    assert given.metrics["t2v"]["missed"] == 0
    assert any("Only candidates compete in t2v, 8 of 8" in note for note in given.notes)


def test_a_reranked_run_leaves_the_others_out(path: Path, tmp_path: Path) -> None:
    """The best two by another method, then this one among them."""
    features = vrbench.open(path)
    first = vrbench.score(features.text, features.video, "global").t2v
    second = vrbench.score(features.text, features.video, "max-avg").t2v
    kept = first >= np.sort(first, axis=1)[:, -2, None]
    lines = [f"text{i} Q0 video{j} 1 {first[i, j]} me" for i, j in np.argwhere(kept)]
    (tmp_path / "run").write_text("\n".join(lines))
    (result,) = vrbench.evaluate(path, "max-avg", from_run=tmp_path / "run")
    own = second[np.arange(N), OWNER]
    ranks = 1 + (kept & (second > own[:, None])).sum(axis=1)
    expected = np.where(kept[np.arange(N), OWNER], ranks, M)
    np.testing.assert_array_equal(result.ranks["t2v"], expected)
    assert (expected == M).any()


def test_results_of_other_pairs_are_other_results(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    plain: list[str | Path] = ["eval", path, "--method", "global", "--out", out, "-q", "--json"]
    file = qrels(tmp_path / "q", graded())
    more = [*plain, "--qrels", file]
    (first,), (second,) = run(*plain).results, run(*more).results
    assert first["ranks"] != second["ranks"]
    qrels(tmp_path / "q", graded(1))
    (third,) = run(*more).results
    assert third["ranks"] != second["ranks"]
    assert third["protocol"]["qrels"] != second["protocol"]["qrels"]
    message = run("compare", out).err
    assert "evaluate both alike" in message


def test_the_table_prints_who_was_missed_and_the_true_recall(path: Path, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("text0 Q0 video7 1 0 me\n")
    done = run(
        *("eval", path, "--method", "global", "--out", tmp_path / "o"),
        *("--qrels", qrels(tmp_path / "q", graded())),
        *("--from-run", tmp_path / "run"),
    )
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    for words in (" missed ", " recall@5 ", " mAP ", "qrels ", "candidates "):
        assert words in said
    assert "missed: queries whose right items are no candidates" in said


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("text0 0 video99 1", "names 1 videos that the data do not have, the first is 'video99'"),
        ("text99 0 video0 1", "names 1 texts that the data do not have"),
        ("video0 0 text0 1", "Queries are texts, items videos"),
        ("text0 0 video0 1", "no right video for 10 of 11 texts, the first is 'text1'"),
    ],
)
def test_names_have_to_be_there(path: Path, tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "q").write_text(line)
    refused("eval", path, "--method", "global", "--qrels", tmp_path / "q", says=message)


def test_a_limit_leaves_lines_out(path: Path, tmp_path: Path) -> None:
    relevance = graded()
    file = qrels(tmp_path / "q", relevance)
    (result,) = vrbench.evaluate(path, "global", qrels=file, limit=4)
    assert result.n_video == 4
    (tmp_path / "run").write_text("text0 Q0 video7 1 0 me\ntext0 Q0 video0 1 0 me\n")
    (result,) = vrbench.evaluate(path, "global", from_run=tmp_path / "run", limit=4)
    assert result.metrics["t2v"]["missed"] == pytest.approx(1 - 1 / result.n_text)


def test_bounds_do_not_go_with_candidates(path: Path, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("text0 Q0 video7 1 0 me\n")
    with pytest.raises(InputError, match="leave --no-matrix out"):
        vrbench.evaluate(path, "emd", from_run=tmp_path / "run", matrix=False)
    (whole,) = vrbench.evaluate(path, "global", from_run=tmp_path / "run")
    (folded,) = vrbench.evaluate(path, "global", from_run=tmp_path / "run", matrix=False)
    assert folded.metrics == whole.metrics


def test_bounds_leave_the_place_of_every_positive_known(path: Path, tmp_path: Path) -> None:
    file = qrels(tmp_path / "q", graded())
    (whole,) = vrbench.evaluate(path, "emd", qrels=file)
    (folded,) = vrbench.evaluate(path, "emd", qrels=file, matrix=False)
    assert folded.values["solved"] < 1
    assert folded.metrics == whole.metrics
