"""``--folds``: means over parts of the test set, each with its own gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from small_features import write_features

import vrbench
from vrbench.results.result import load_all

IDS = [f"video{i}" for i in range(11)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_features(tmp_path / "f.h5", counts=(2, 1, 3, 1, 1, 2, 0, 1, 2, 1, 1))


@pytest.mark.parametrize("norm", ["none", "ncl", "dsl"])
@pytest.mark.parametrize("v2t", ["best-caption", "each-caption"])
def test_they_are_the_mean_of_results_on_each_part(path: Path, norm: str, v2t: str) -> None:
    (result,) = vrbench.evaluate(path, "max-avg", norm, folds=3, v2t=v2t)
    parts = [IDS[:4], IDS[4:8], IDS[8:]]
    each = [vrbench.evaluate(path, "max-avg", norm, limit_ids=ids, v2t=v2t)[0] for ids in parts]
    assert (result.n_text, result.n_video) == (15, 11)
    assert result.values["folds"]["n"] == result.protocol["folds"] == 3  # type: ignore[index]
    for direction in ("t2v", "v2t"):
        for key, value in result.metrics[direction].items():
            values = [one.metrics[direction][key] for one in each]
            assert value == pytest.approx(np.mean(values))
            spread = result.values["folds"]["spread"][direction][key]  # type: ignore[index]
            assert spread == pytest.approx(np.std(values, ddof=1))
        ranks = result.ranks[direction]
        of_parts = np.concatenate([one.ranks[direction] for one in each])
        np.testing.assert_array_equal(ranks, of_parts)  # items stand in the order of the folds
    if norm != "none":
        assert result.raw is not None
        raw = [one.raw["metrics"]["t2v"]["R@1"] for one in each]  # type: ignore[index]
        assert result.raw["metrics"]["t2v"]["R@1"] == pytest.approx(np.mean(raw))
        change, changes = result.change, [one.change for one in each]
        gained = sum(one["t2v"]["gained"] for one in changes if one is not None)
        assert change["t2v"]["gained"] == gained  # type: ignore[index]


@pytest.mark.parametrize("counts", [(2, 1, 1, 1, 1, 1), (1, 1, 1, 1, 1, 2)])
def test_recall_of_several_needs_them_in_every_fold(tmp_path: Path, counts: Any) -> None:
    path = write_features(tmp_path / "f.h5", counts=counts)
    (result,) = vrbench.evaluate(path, "global", folds=3)
    assert "recall@1" not in result.metrics["v2t"]
    assert not [key for key in result.ranks if key.startswith("recall")]


def test_a_fold_without_a_text_is_named(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", counts=(1, 1, 0, 0, 2, 1))
    says = "Fold 2 of 3, from 'video2' to 'video3', has no text: give fewer folds."
    refused("eval", path, "--method", "global", "--folds", "3", says=says)


def test_of_similarity_files_too(path: Path, tmp_path: Path) -> None:
    features = vrbench.open(path)
    sim = vrbench.score(features.text, features.video, "global")
    names = np.array([*map(str, features.text.ids)]), np.array(IDS)
    ids: dict[str, Any] = dict(zip(("text_ids", "video_ids"), names, strict=True))
    np.savez(tmp_path / "s.npz", t2v=sim.t2v, text_video=features.text_video, **ids)
    (own,) = vrbench.evaluate(tmp_path / "s.npz", folds=3)
    (result,) = vrbench.evaluate(path, "global", folds=3)
    assert own.metrics == result.metrics


def test_they_are_printed_kept_and_found_again(path: Path, tmp_path: Path) -> None:
    words: list[str | Path] = [
        "eval",
        path,
        "--method",
        "global",
        "--norm",
        "none",
        "--norm",
        "ncl",
    ]
    words += ["--out", tmp_path / "o"]
    done = run(*words, "--folds", "3")
    assert done.code == 0, done.err
    assert "folds 3" in done.out
    assert "standard deviation over 3 folds" in done.out
    assert " ±" in done.out
    stamps = {file: file.stat().st_mtime_ns for file in (tmp_path / "o").iterdir()}
    again = run(*words, "--folds", "3")
    assert again.out == done.out
    assert "2 of 2 results exist" in again.err
    assert {file: file.stat().st_mtime_ns for file in stamps} == stamps
    run(*words)
    assert len(load_all(tmp_path / "o")[0]) == 4
    assert run("compare", tmp_path / "o").code == 2  # other protocols


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--folds", "9"], "11 videos are too few for 9 folds"),
        (["--folds", "3", "--interval"], "leave --interval or --folds out"),
        (["--folds", "3", "--save-sim", "s.npz"], "leave --folds out"),
    ],
)
def test_what_they_cannot_do_is_said(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused("eval", path, "--method", "global", *more, says=says)


def test_candidates_of_all_folds_are_in_the_protocol(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    some = rng.random((12, 12)) < 0.5
    np.fill_diagonal(some, val=True)
    said = set()
    for text in (None, 1, 11):  # one more candidate, in the first and in the last fold
        candidates = some.copy()
        if text is not None:
            candidates[text, 11 - text] ^= True
        np.savez(tmp_path / "c.npz", t2v=rng.random((12, 12)), candidates=candidates)
        (result,) = vrbench.evaluate(tmp_path / "c.npz", folds=3)
        said.add(result.values["protocol"]["candidates"])
    assert len(said) == 3
