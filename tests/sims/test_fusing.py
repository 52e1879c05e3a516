"""Fusion of similarities: formulas, laws, and files joined by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from fused_arrays import BANK_M, BANK_N, BANK_OWNER, NAMES, OWNER, SHAPES, M, N, arrays, save
from small_features import write_features

import vrbench
from vrbench.sims.file import load_sim
from vrbench.sims.fusing import HOW, fuse, grid


def slow(how: str, row: list[float], g: int) -> float:
    """What a query's score of an item becomes."""
    n, s = len(row), row[g]
    mean = sum(row) / n
    sd = (sum((x - mean) ** 2 for x in row) / n) ** 0.5
    if how == "rrf":
        return 1 / (60 + 1 + sum(x > s for x in row) + (sum(x == s for x in row) - 1) / 2)
    if how == "dbsf":
        return float((s - (mean - 3 * sd)) / (6 * sd))
    if how == "min-max":
        return (s - min(row)) / (max(row) - min(row))
    return float((s - mean) / sd if how == "z" else s)


@pytest.mark.parametrize("how", HOW)
def test_a_fused_score_is_that_of_the_formula(how: str) -> None:
    one, other = arrays(0)["t2v"], arrays(1)["t2v"]
    found = fuse([one, other], how, (2.0, -0.5))
    expected = [
        [2 * slow(how, a.tolist(), g) - 0.5 * slow(how, b.tolist(), g) for g in range(M)]
        for a, b in zip(one, other, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("how", ["rrf", "dbsf", "min-max", "z"])
def test_the_scale_of_a_query_does_not_matter(how: str) -> None:
    rng = np.random.default_rng(2)
    one, other = rng.random((4, 9)), rng.random((4, 9))
    scaled = one * rng.uniform(0.5, 90, (4, 1)) + rng.uniform(-5, 5, (4, 1))
    for rows in (one, scaled):
        np.testing.assert_allclose(
            fuse([rows, other], how, (1, 1)), fuse([one, other], how, (1, 1)), rtol=0, atol=1e-12
        )


@pytest.mark.parametrize(("how", "value"), [("dbsf", 0.5), ("min-max", 0), ("z", 0)])
def test_equal_scores_stay_equal(how: str, value: float) -> None:
    assert (HOW[how](np.full((1, 7), 0.1)) == value).all()
    assert len(set(HOW["rrf"](np.full((1, 7), 0.1))[0])) == 1


def test_the_grid_adds_up_and_has_each_file_alone() -> None:
    for n, size in ((2, 11), (3, 21), (4, 35)):
        tried = grid(n)
        assert len(set(tried)) == size
        assert all(sum(one) == pytest.approx(1) for one in tried)
        assert {tuple(float(i == j) for j in range(n)) for i in range(n)} <= set(tried)


@pytest.mark.parametrize("how", HOW)
def test_files_are_joined_by_name_in_both_directions_with_their_banks(
    tmp_path: Path, how: str
) -> None:
    one, other = arrays(0), arrays(1)
    rng = np.random.default_rng(3)
    text, video, bank_text, bank_video = (rng.permutation(n) for n in (N, M, BANK_N, BANK_M))
    axes = {"t2v": (text, video), "v2t": (text, video), "bank_t2v": (bank_text, video)}
    axes |= {"bank_v2t": (text, bank_video)}
    axes |= dict.fromkeys(("bank_bank_t2v", "bank_bank_v2t"), (bank_text, bank_video))
    mixed = {key: other[key][np.ix_(*order)] for key, order in axes.items()}
    orders = {"text": text, "video": video, "bank_text": bank_text, "bank_video": bank_video}
    mixed |= {f"{side}_ids": NAMES[f"{side}_ids"][order] for side, order in orders.items()}
    mixed["text_video"] = np.argsort(video)[OWNER[text]]
    mixed["bank_text_video"] = np.argsort(bank_video)[BANK_OWNER[bank_text]]
    files = save(tmp_path / "a.npz", one), save(tmp_path / "b.npz", mixed)
    done = run("fuse", *files, "--how", how, "--weights", "1,2", "--out", tmp_path / "f.npz")
    assert done.code == 0, done.err
    assert "8 texts x 6 videos" in done.err
    fused = np.load(tmp_path / "f.npz")
    for key in SHAPES:
        a, b = (x.T if key.endswith("v2t") else x for x in (one[key], other[key]))
        expected = fuse([a, b], how, (1, 2))  # over the row of each query
        found = fused[key].T if key.endswith("v2t") else fused[key]
        np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=key)
    for key in (*NAMES, "text_video", "bank_text_video"):
        assert fused[key].tolist() == one[key].tolist()
    assert fused["notes"].tolist() == [f"Fused by {how}: 1 x a.npz, 2 x b.npz."]
    (result,) = run("eval", "--from-sim", tmp_path / "f.npz", "--norm", "csls", "--json").results
    assert result["bank"]["kind"] == "train"


def test_what_is_before_a_norm_is_fused(tmp_path: Path) -> None:
    """As eval saves it: normalized, with the raw similarities and the bank beside."""
    path = write_features(tmp_path / "f.h5")
    features, files = vrbench.open(path), []
    for method in ("global", "max-avg"):
        file = tmp_path / f"{method}.npz"
        words: list[str | Path] = [
            "eval",
            path,
            "--method",
            method,
            "--norm",
            "ncl",
            "--save-sim",
            file,
        ]
        assert run(*words, "--out", tmp_path / "o").code == 0
        files.append(file)
    done = run("fuse", *files, "--how", "sum", "--weights", "0.5,0.5", "--out", tmp_path / "n.npz")
    assert done.code == 0, done.err
    (fused,) = vrbench.evaluate(tmp_path / "n.npz", norm="csls")
    (own,) = vrbench.evaluate(features, "0.5*global+0.5*max-avg", norm="csls")
    assert fused.metrics == own.metrics
    assert fused.notes[0] == "Fused by sum: 0.5 x global.npz, 0.5 x max-avg.npz."


def test_of_normalized_similarities_alone_no_bank_is_kept(tmp_path: Path) -> None:
    files = save(tmp_path / "a.npz", {**arrays(0), "norm": "csls"}), tmp_path / "b.npz"
    save(files[1], arrays(1))
    done = run("fuse", *files, "--out", tmp_path / "n.npz")
    assert "The bank is left out: a file is normalized" in done.err
    assert load_sim(tmp_path / "n.npz").norm == "csls+none"
    done = run("eval", "--from-sim", tmp_path / "n.npz", "--norm", "dsl", "-q")
    assert done.code == 2
    assert "is already normalized by 'csls+none'" in done.err


def test_weights_are_tuned_on_the_banks(tmp_path: Path) -> None:
    """One file knows the bank's pairs, the other nothing: it gets all of the weight."""
    good, bad = arrays(0), arrays(1)
    for key in ("bank_bank_t2v", "bank_bank_v2t"):
        good[key] = good[key] / 9 + 4 * (BANK_OWNER[:, None] == np.arange(BANK_M))
    files = save(tmp_path / "a.npz", bad), save(tmp_path / "b.npz", good)
    done = run("fuse", *files, "--how", "z", "--weights", "tune", "--out", tmp_path / "f.npz")
    assert done.code == 0, done.err
    assert "are the best of 11 by R@1 on the banks (9 texts x 5 videos): 100.0" in done.err
    notes = np.load(tmp_path / "f.npz")["notes"].tolist()
    chosen = [float(part.split(" x ")[0].split(": ")[-1]) for part in notes[0].split(", ")]
    assert chosen[1] >= 0.5
    assert any("never" not in text and "best of 11" in text for text in notes)
    for values in (good, bad):
        del values["bank_bank_t2v"], values["bank_bank_v2t"]
    files = save(tmp_path / "a.npz", bad), save(tmp_path / "b.npz", good)
    refused(
        *("fuse", *files, "--weights", "tune", "--out", tmp_path / "g.npz"),
        says="weights are never chosen on the test set",
    )
    assert not (tmp_path / "g.npz").exists()


def changed(**values: Any) -> dict[str, Any]:
    return {k: v for k, v in {**arrays(1), **values}.items() if v is not None}


@pytest.mark.parametrize(
    ("other", "words", "says"),
    [
        (changed(text_ids=np.array([*NAMES["text_ids"][:-1], "c99"])), (), "different texts: 2"),
        (changed(video_ids=np.array([f"w{i}" for i in range(M)])), (), "different videos"),
        (changed(text_video=OWNER[::-1].copy()), (), "differ in which video is right"),
        (changed(candidates=np.ones((N, M), dtype=bool)), (), "which are candidates"),
        (changed(bank_text_ids=np.array([f"x{i}" for i in range(BANK_N)])), (), "bank texts"),
        (changed(), ("--weights", "1"), "--weights 1: give one finite number for each of 2 files"),
        (changed(), ("--weights", "0,0"), "not all of them 0"),
        (changed(), ("--weights", "1,nan"), "--weights 1,nan: give one finite"),
        (changed(), ("--weights", "a,b"), "Cannot read --weights a,b"),
        (changed(t2v=None), (), "has no matrix 't2v'"),
    ],
)
def test_what_cannot_be_fused_is_refused(
    tmp_path: Path, other: dict[str, Any], words: tuple[str, ...], says: str
) -> None:
    files = save(tmp_path / "a.npz", arrays(0)), save(tmp_path / "b.npz", other)
    refused("fuse", *files, *words, "--out", tmp_path / "f.npz", says=says)
    assert not (tmp_path / "f.npz").exists()


def test_one_file_is_nothing_to_fuse(tmp_path: Path) -> None:
    one = save(tmp_path / "a.npz", arrays(0))
    refused("fuse", one, "--out", tmp_path / "f.npz", says="give two or more")


def test_a_bank_that_not_all_have_is_left_out(tmp_path: Path) -> None:
    plain = {key: value for key, value in arrays(1).items() if not key.startswith("bank")}
    files = save(tmp_path / "a.npz", arrays(0)), save(tmp_path / "b.npz", plain)
    done = run("fuse", *files, "--out", tmp_path / "f.npz")
    assert "The bank is left out: not all files have one" in done.err
    assert load_sim(tmp_path / "f.npz").bank is None
