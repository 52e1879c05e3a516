"""``vrbench reproduce --train``: rows are measured behind heads that are trained for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import pytest
import typer
from cli_runs import refused, run, stamps
from small_features import write_features

import vrbench
from vrbench.cli.app import app
from vrbench.results.result import load_all
from vrbench.tables.choices import HEAD
from vrbench.training.settings import TrainingSettings

COUNTS = (1, 2, 1, 0, 3, 1) * 4
QUICK = ("--epochs", "1", "--lr", "0.01")
METHODS = ("global", "uniform", "max-avg", "scan", "emd", "0.5*global+0.5*tokenflow")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with training features ``t.h5`` and a test file ``f.h5``."""
    monkeypatch.chdir(tmp_path)
    write_features(tmp_path / "f.h5")
    training(tmp_path / "t.h5")
    return tmp_path


def training(path: Path, **how: Any) -> Path:
    """Features whose videos have names of their own."""
    return write_features(path, seed=3, counts=COUNTS, prefix="t-", **how)


def cells(*words: str, command: str = "reproduce") -> dict[tuple[str, str], float]:
    """Return value by (row without data, column), as far as there are any."""
    done = run(command, *words, "--format", "json")
    assert done.code == 0, done.err
    return {
        (one["row"].rpartition(" [small")[0], one["column"]): one["value"]
        for one in json.loads(done.out)
        if one["kind"] == "measured" and one["value"] is not None
    }


def rows(found: dict[tuple[str, str], float]) -> dict[str, str]:
    """How each row is measured, by its name."""
    return dict(sorted({row.partition(": ")[::2] for row, _ in found}))


def test_every_row_is_that_of_a_head_trained_by_hand(folder: Path) -> None:
    found = cells("tokenflow-5", "f.h5", "--train", "t.h5", *QUICK)
    labels = rows(found)
    assert len(labels) == 7
    for name, method, head in (("SCAN [14]", "scan", "linear"),
                               ("Learnable [28]", "learnable", "linear+learnable")):  # fmt: skip
        words = ("train", head, "t.h5", "--method", method, *QUICK)
        assert run(*words, "--out", "hand.safetensors", "--overwrite").code == 0
        [file] = (folder / "results" / "heads").glob(f"{method}_*.safetensors")
        assert file.read_bytes() == (folder / "hand.safetensors").read_bytes()
        assert labels[name] == f"{method}, head {head} (infonce, {file.name})"
        [result] = vrbench.evaluate("f.h5", head="hand.safetensors")
        metrics = result["metrics"]["t2v"]
        assert found[f"{name}: {labels[name]}", "t2v R@5"] == metrics["R@5"]
        assert found[f"{name}: {labels[name]}", "t2v MdR"] == metrics["MdR"]
    results, _ = load_all(folder / "results")
    trained = [one["head"] for one in results]
    assert {one["method"] for one in trained} == {*METHODS, "learnable"}
    assert {(one["epochs"], one["seed"], one["features"]["file"]) for one in trained} == {
        (1, 0, "t.h5")
    }


def test_what_exists_is_read_and_the_table_shows_it_beside_the_rest(folder: Path) -> None:
    words = ("tokenflow-1", "f.h5", "--train", "t.h5", *QUICK)
    plan = run("reproduce", *words, "--dry-run")
    assert plan.out.count("to be trained") == 3
    assert "with 0.5*global+0.5*tokenflow, loss momentum:ema=0.95,queue=16, 1 epochs" in plan.out
    assert not (folder / "results").exists()
    found = cells(*words)
    before = stamps(folder / "results") | stamps(folder / "results" / "heads")
    assert len([name for name in before if name.endswith(".safetensors")]) == 3
    again = run("reproduce", *words)
    assert "exists" in again.err
    assert "epoch 1" not in again.err
    assert stamps(folder / "results") | stamps(folder / "results" / "heads") == before
    shown = run("reproduce", *words, "--dry-run").out
    assert shown.count(": exists") == 2 * 3
    assert cells("tokenflow-1", command="table") == found
    assert list(rows(found)) == ["CLIP4Clip [20]", "TokenFlow (Ours)", "TokenFlow + MD (Ours)"]
    plain = cells("tokenflow-1", "f.h5")
    assert list(rows(plain)) == ["TokenFlow (Ours)"]
    assert cells("tokenflow-1", command="table") == found | plain
    text = run("table", "tokenflow-1").out
    assert "trained with global and infonce on t.h5, epoch " in text
    assert "No head in TokenFlow (Ours): the features as they are" in text
    markdown = run("reproduce", *words, "--overwrite").out
    assert markdown.partition("Notes")[0].count("head linear (") == 3


def test_ncl_is_trained_with_its_loss_and_normalized_with_its_queue(folder: Path) -> None:
    write_features(folder / "bare.h5", bank=())
    found = rows(cells("ncl-4", "bare.h5", "--train", "t.h5", *QUICK))
    assert set(found) == {"SSB (Patrick et al., 2021)", "SSB + NCL"}
    assert "head linear (triplet:hardest=true, " in found["SSB (Patrick et al., 2021)"]
    assert "head linear (15*ncl:gamma=0.07, " in found["SSB + NCL"]
    assert ", ncl:gamma=0.07, bank stale queue " in found["SSB + NCL"]
    [result] = [one for one in load_all(folder / "results")[0] if one["norm"] != "none"]
    assert any("head's queue" in note for note in result["notes"])
    head = folder / "results" / "heads" / result["head"]["file"]
    by_hand = ("--norm", "ncl:gamma=0.07", "--bank", "head", "--k", "1,5,10,50", "--out", "hand")
    [known] = run("eval", "bare.h5", "--head", head, *by_hand, "--json").results
    assert known["metrics"] == result["metrics"]


def test_a_table_s_queue_is_one_training_for_all_its_rows(folder: Path) -> None:
    found = rows(cells("ncl-5", "f.h5", "--train", "t.h5", *QUICK))
    assert [how.partition(" (")[2].partition(",")[0] for how in found.values()] == [
        *("infonce", "ncl", "ncl")
    ]
    assert len([*(folder / "results" / "heads").iterdir()]) == 2
    assert "(transductive)" in found["Test queries (oracle)"]
    results = [one for one in load_all(folder / "results")[0] if one["norm"] != "none"]
    [scale] = {vrbench.heads.load(f"results/heads/{one['head']['file']}").scale for one in results}
    assert scale is not None
    for one in results:
        assert float(one["norm"].partition("gamma=")[2]) == pytest.approx(1 / scale)
    other = rows(cells("ncl-5", "f.h5", "--train", "t.h5", *QUICK, "--bank", "train"))
    assert "bank train 9 x 5" in other["Train queries"]


def test_rows_take_the_user_s_methods_norms_and_head(folder: Path) -> None:
    words = ("--method", "SCAN=scan:lam=4", "--method", "SCAN=lse", "--norm", "ncl:gamma=scale")
    found = cells("tokenflow-5", "f.h5", "--train", "t.h5", *QUICK, *words, "--seed", "3",
                  "--head", "linear:width=7+learnable:frames=9,words=9")  # fmt: skip
    results = [one for one in load_all(folder / "results")[0] if "scan" in one["method"]]
    [one] = [one for one in results if one["method"] == "scan:lam=4"]
    assert one["head"]["head"] == "linear:width=7"
    assert one["head"]["seed"] == 3
    scale = vrbench.heads.load(folder / "results/heads" / one["head"]["file"]).scale
    assert scale is not None
    assert float(one["norm"].partition("gamma=")[2]) == pytest.approx(1 / scale)
    assert len([row for row in {row for row, _ in found} if row.startswith("SCAN [14]: ")]) == 2
    [learnable] = [row for row in {row for row, _ in found} if row.startswith("Learnable")]
    assert "head linear:width=7+learnable:frames=9,words=9 (" in learnable


def test_an_unfinished_training_is_gone_on_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vrbench.training.loop import Loop

    words = ("tokenflow-5", "f.h5", "--train", "t.h5", "--epochs", "2", "--lr", "0.01")
    whole = cells(*words, "--out", "whole")
    original = Loop.epoch
    run_epochs: list[int] = []

    def interrupted(self: Loop, state: Any, progress: Any) -> None:
        if len(run_epochs) == 3:
            raise KeyboardInterrupt
        run_epochs.append(state.epoch)
        original(self, state, progress)

    monkeypatch.setattr(Loop, "epoch", interrupted)
    assert run("reproduce", *words).code == 130
    monkeypatch.setattr(Loop, "epoch", original)
    heads = folder / "results" / "heads"
    assert sorted(path.suffix for path in heads.iterdir()) == [".partial", ".safetensors"]
    assert ": unfinished (" in run("reproduce", *words, "--dry-run").out
    assert cells(*words) == whole


def test_what_cannot_be_is_one_sentence(folder: Path) -> None:
    training(folder / "other.h5", dim=24)
    with h5py.File(folder / "other.h5", "r+") as file:
        file.attrs["encoder"] = "another"
    shared = write_features(folder / "shared.h5", seed=4, counts=COUNTS)
    reproduce = ("reproduce", "tokenflow-5", "f.h5")
    for words, says in (
        (("--epochs", "3"), "--epochs says how heads are trained: give --train, too"),
        (("--head", "linear"), "--head says how"),
        (("--train", "none.h5"), "none.h5 does not exist"),
        (("--train", "t.h5", "--head", "linaer"), "Did you mean 'linear'"),
        (("--train", "t.h5", "--lr", "inf"), "lr must be finite and 0 or more"),
        (("--train", "t.h5", "--seed", "-1"), "seed must be 0 or more"),
        (("--train", "t.h5", "--norm", "nlc"), "Unknown norm 'nlc'"),
        (("--train", "t.h5", "--method", "SCAN=scam"), "Unknown method 'scam'"),
        (
            ("--train", "t.h5", "--head", "linear+learnable:frames=2,words=9"),
            "of f.h5 has 5 tokens, and the head learnable would have places for 2: give it as many",
        ),
        (("--train", shared.name), "would train on 7 of the 8 test videos of f.h5, the first is"),
        (("--train", "other.h5"), "other.h5 and f.h5 were made with another encoder"),
    ):
        refused(*reproduce, *words, says=says)
    refused("reproduce", "norton-8", "f.h5", "--train", "t.h5", says="leave --train out")
    assert not (folder / "results").exists()
    plan = run(*reproduce, "--train", "t.h5", "--head", "learnable", "--dry-run").out
    assert plan.count("to be trained") == 1
    assert "left empty: SCAN [14]: --head learnable has no part that it learns." in plan


def test_the_defaults_are_those_of_train() -> None:
    group: Any = typer.main.get_command(app)
    said = {option.name: option.help for option in group.commands["reproduce"].params}
    for name in ("epochs", "lr", "seed"):
        assert said[name] == f"As in train. Default: {getattr(TrainingSettings('linear'), name)}."
    assert said["head"].endswith(f"Default: {HEAD}.")
