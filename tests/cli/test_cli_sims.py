from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from cli_runs import OWNER, random_sim, refused, run
from numpy.typing import NDArray
from small_features import COUNTS

from vrbench.evaluation.sources import bank_matrix as feature_source
from vrbench.sims import writing

Array = NDArray[Any]


# --- similarity files


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("norm", ["none", "ncl", "dsl"])
def test_what_is_saved_and_read_again_gives_the_same(norm: str) -> None:
    words = ("--method", "scan", "--norm", norm, "--save-sim", "s.npz", "--json")
    (saved,) = run("eval", "f.h5", *words).results
    with np.load("s.npz", allow_pickle=False) as file:
        arrays = dict(file)
    assert arrays["t2v"].shape == arrays["v2t"].shape == (len(OWNER), len(COUNTS))
    np.testing.assert_array_equal(arrays["text_video"], OWNER)
    assert str(arrays["norm"]) == norm
    assert ("raw_t2v" in arrays) == (norm != "none")
    (read,) = run("eval", "--from-sim", "s.npz", "--json").results
    assert read["method"] is None
    assert read["metrics"] == saved["metrics"]
    (again,) = run(
        "eval", "--from-sim", "s.npz", "--norm", "ncl", "--bank", "test", "--json"
    ).results
    (direct,) = run(
        *("eval", "f.h5", "--method", "scan", "--norm", "ncl", "--bank", "test", "--json")
    ).results
    assert again["metrics"] == direct["metrics"]
    assert again["diagnostics"] == direct["diagnostics"]


@pytest.mark.usefixtures("place")
def test_the_saved_bank_is_the_train_bank() -> None:
    words = ("eval", "f.h5", "--method", "scan", "--norm", "ncl")
    (direct,) = run(*words, "--save-sim", "s.npz", "--json").results
    (read,) = run("eval", "--from-sim", "s.npz", "--norm", "ncl", "--json").results
    assert read["bank"] == direct["bank"]
    assert read["metrics"] == direct["metrics"]
    assert read["diagnostics"] == direct["diagnostics"]


@pytest.mark.usefixtures("place")
def test_a_bank_that_stays_on_disk_is_saved_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("eval", "f.h5", "--method", "scan", "--norm", "ncl", "--overwrite", "--save-sim")
    run(*words, "whole.npz")
    monkeypatch.setattr(feature_source, "spare", lambda *_: 0)
    monkeypatch.setattr(feature_source, "SPOOLED", 100)
    monkeypatch.setattr(writing, "COPIED", 50)
    run(*words, "spooled.npz")
    with np.load("whole.npz") as whole, np.load("spooled.npz") as spooled:
        assert {*whole.files} == {*spooled.files}
        assert {"bank_t2v", "bank_v2t", "bank_bank_t2v"} <= {*whole.files}
        for key in whole.files:
            np.testing.assert_array_equal(whole[key], spooled[key])


@pytest.mark.usefixtures("place")
def test_a_norm_on_raw_matrices_does_not_say_that_they_were_normalized() -> None:
    run("eval", "f.h5", "--method", "scan", "--norm", "dsl", "--save-sim", "s.npz")
    words = ("eval", "--from-sim", "s.npz", "--norm", "ncl", "--bank", "test")
    assert "already" not in run(*words).out
    assert "already dsl" in run("eval", "--from-sim", "s.npz").out


@pytest.mark.usefixtures("place")
def test_a_second_norm_needs_the_raw_matrices() -> None:
    np.savez("s.npz", t2v=random_sim(), norm="ncl")
    assert run("eval", "--from-sim", "s.npz").code == 0
    message = refused("eval", "--from-sim", "s.npz", "--norm", "dsl", "-q", says="raw_t2v")
    assert "s.npz" in message
    assert "'ncl'" in message
    np.savez("s.npz", t2v=random_sim(), norm="ncl", raw_t2v=random_sim(1))
    (found,) = run("eval", "--from-sim", "s.npz", "--norm", "dsl", "--json").results
    np.savez("raw.npz", t2v=random_sim(1))
    (expected,) = run("eval", "--from-sim", "raw.npz", "--norm", "dsl", "--json").results
    assert found["metrics"] == expected["metrics"]


@pytest.mark.usefixtures("place")
def test_given_and_raw_matrices_are_told_apart_in_one_grid() -> None:
    np.savez("s.npz", t2v=random_sim(), norm="ncl", raw_t2v=random_sim(1))
    norms = ("none", "dsl", "none", "center")
    words = [word for norm in norms for word in ("--norm", norm)]
    grid = run("eval", "--from-sim", "s.npz", "--bank", "test", *words, "--json").results
    assert [result["norm"] for result in grid] == ["none", "dsl", "center"]
    for result in grid:
        one = ("--norm", result["norm"], "--bank", "test", "--out", "other", "--json")
        (alone,) = run("eval", "--from-sim", "s.npz", *one).results
        assert alone["metrics"] == result["metrics"]


@pytest.mark.usefixtures("place")
def test_a_matrix_normalized_elsewhere_can_be_measured() -> None:
    np.savez("s.npz", t2v=random_sim(), norm="something-of-theirs:x=1")
    done = run("eval", "--from-sim", "s.npz", "--json")
    assert done.code == 0
    np.savez("plain.npz", t2v=random_sim())
    (plain,) = run("eval", "--from-sim", "plain.npz", "--json").results
    assert done.results[0]["metrics"] == plain["metrics"]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", ["sims", "sims.bin", "sims.v1", "deep/er/s.npz"])
def test_similarities_are_saved_under_the_name_given(name: str) -> None:
    assert run("eval", "f.h5", "--method", "global", "--save-sim", name).code == 0
    with np.load(name, allow_pickle=False) as file:
        assert file["t2v"].shape == (len(OWNER), len(COUNTS))
    assert [file.name for file in Path(name).parent.iterdir() if file.name.startswith(".")] == []


@pytest.mark.usefixtures("place")
def test_a_similarity_file_keeps_what_is_said_of_the_data() -> None:
    with h5py.File("f.h5", "r+") as file:
        file.attrs["missing"] = json.dumps({"video": 3})
    assert run("eval", "f.h5", "--method", "global", "--save-sim", "s.npz").code == 0
    again = run("eval", "--from-sim", "s.npz", "--json")
    (said,) = again.results[0]["notes"]
    assert said.startswith("Items that could not be read are missing (3 in /video)")
    assert said in " ".join(again.err.split())


@pytest.mark.usefixtures("place")
def test_save_sim_takes_one_result() -> None:
    words = ("eval", "f.h5", "--norm", "none", "--norm", "dsl", "--save-sim", "s.npz")
    refused(*words, says="--save-sim holds one result")
    assert not Path("s.npz").exists()


@pytest.mark.usefixtures("place")
def test_double_precision_and_several_right_videos_survive_a_similarity_file() -> None:
    positives = np.zeros((6, 4), dtype=bool)
    positives[np.arange(6), [0, 1, 2, 3, 0, 1]] = True
    positives[0, 1] = True
    sim = np.random.default_rng(2).integers(0, 3, (6, 4)) + 2.0**-40
    np.savez("s.npz", t2v=sim, positives=positives)
    (first,) = run("eval", "--from-sim", "s.npz", "--save-sim", "t.npz", "--json").results
    with np.load("t.npz") as file:
        assert file["t2v"].dtype == np.float64
        np.testing.assert_array_equal(file["t2v"], sim)
        np.testing.assert_array_equal(file["positives"], positives)
    (second,) = run("eval", "--from-sim", "t.npz", "--json").results
    assert second["metrics"] == first["metrics"]


@pytest.mark.usefixtures("place")
def test_levels_of_a_similarity_file_are_averaged() -> None:
    levels = np.random.default_rng(3).random((3, 6, 6))
    np.savez("levels.npz", t2v=levels)
    np.savez("flat.npz", t2v=levels.mean(axis=0))
    found, expected = (
        run("eval", "--from-sim", name, "--norm", "ncl", "--bank", "test", "--json").results[0]
        for name in ("levels.npz", "flat.npz")
    )
    assert found["metrics"] == expected["metrics"]


@pytest.mark.slow
@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("large", [0, 10**9])
@pytest.mark.parametrize("words", [["--limit", "4"], ["--limit-ids", "ids.txt"]], ids=str)
def test_a_limit_keeps_the_first_videos_of_a_similarity_file(
    words: list[str], large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does of the features that the file was made of, bank and saved file included."""
    monkeypatch.setattr("vrbench.sims.file.LARGE", large)
    Path("ids.txt").write_text("video7\nvideo2\nvideo3\n", encoding="utf-8-sig")  # as editors do
    for saved in ("none", "ncl"):
        run("eval", "f.h5", "--method", "scan", "--norm", saved, "--save-sim", f"{saved}.npz")
    for norm in (["none"], ["ncl"], ["ncl:marginals=captions", "--bank", "test"], ["gc"]):
        more = ("--norm", *norm, *words, "--json", "--overwrite", "--save-sim")
        file = "none.npz" if norm == ["none"] else "ncl.npz"
        (read,) = run("eval", "--from-sim", file, *more, "cut.npz").results
        (direct,) = run("eval", "f.h5", "--method", "scan", *more, "direct.npz").results
        assert read["limit"] == direct["limit"] is not None
        for key in ("metrics", "diagnostics", "n_text", "n_video", "bank"):
            assert read[key] == direct[key], (norm, key)
        with np.load("cut.npz") as cut, np.load("direct.npz") as made:
            for key in made.files:
                np.testing.assert_array_equal(cut[key], made[key], err_msg=key)


@pytest.mark.usefixtures("place")
def test_a_limit_does_not_cut_the_bank_of_another_file() -> None:
    run("eval", "f.h5", "--method", "scan", "--norm", "ncl", "--save-sim", "s.npz")
    words = ("--norm", "ncl", "--bank", "s.npz", "--limit", "3", "-q")
    refused("eval", "--from-sim", "s.npz", *words, says="--limit .* cannot cut the bank of s.npz")


@pytest.mark.usefixtures("place")
def test_a_limit_keeps_the_texts_with_one_of_several_right_videos() -> None:
    sim = random_sim()
    positives = np.zeros(sim.shape, dtype=bool)
    positives[np.arange(len(sim)), np.arange(len(sim)) % sim.shape[1]] = True
    positives[:2, [0, -1]] = True
    np.savez("s.npz", t2v=sim, positives=positives)
    kept = positives[:, :3].any(axis=1)
    np.savez("cut.npz", t2v=sim[kept][:, :3], positives=positives[kept][:, :3])
    (found,) = run("eval", "--from-sim", "s.npz", "--limit", "3", "--json").results
    (expected,) = run("eval", "--from-sim", "cut.npz", "--json").results
    assert found["metrics"] == expected["metrics"]
    assert found["n_text"] == int(kept.sum())
