"""Results in the formats of other programs hold the numbers of the results, and say n."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from sample_results import sample_result
from small_features import write_features

from vrbench.reports.exports import FORMATS
from vrbench.results.result import Result, load_all
from vrbench.sims.sim import DIRECTIONS, Direction


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results of one file under three norms, in the current folder."""
    monkeypatch.chdir(tmp_path)
    write_features(tmp_path / "f.h5")
    words = ("--method", "global", "--norm", "none", "--norm", "dsl", "--norm", "ncl")
    assert run("eval", "f.h5", *words, "--bank", "test", "-q", "--csv", "eval.csv").code == 0
    return tmp_path


def results(folder: Path) -> list[Result]:
    found, skipped = load_all(folder / "results")
    assert not skipped
    return found


def test_csv_has_a_row_a_result_with_every_number(folder: Path) -> None:
    assert run("export", "--format", "csv", "--out", "all.csv").code == 0
    for name in ("all.csv", "eval.csv"):
        with (folder / name).open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        found = {one.norm: one for one in results(folder)}
        assert sorted(row["norm"] for row in rows) == sorted(found)
        for row in rows:
            one = found[row["norm"]]
            for direction in ("t2v", "v2t"):
                for part in ("metrics", "diagnostics"):
                    numbers: dict[str, Any] = dict(one[part][direction])
                    for key, value in numbers.items():
                        cell = row[f"{direction} {key}"]
                        assert cell == ("" if value is None else repr(value))
            assert row["n_text"] == str(one.n_text)
            assert row["transductive"] == str(one.norm != "none")


def test_csv_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    odd = Result(sample_result(dataset="=cmd|x", split="a\nb", method=None))
    FORMATS["csv"]([odd], tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["dataset"] == "'=cmd|x"
    assert row["split"] == "a b"


def test_mteb(folder: Path) -> None:
    assert run("export", "results", "--format", "mteb", "--out", "a.json").code == 0
    found = json.loads((folder / "a.json").read_text("utf-8"))
    assert len(found) == 3
    for one, value in zip(results(folder), found, strict=True):
        entries = value["scores"][one.split or "test"]
        assert [entry["hf_subset"] for entry in entries] == ["t2v", "v2t"]
        for entry, n in zip(entries, (one.n_text, one.n_video), strict=True):
            direction: Direction = entry["hf_subset"]
            metrics: dict[str, Any] = dict(one.metrics[direction])
            assert entry["hit_rate_at_5"] == metrics["R@5"] / 100
            assert entry["main_score"] == metrics[entry["main_metric"]] / 100
            assert entry["n_queries"] == n
        assert value["vrbench"]["norm"] == one.norm
        assert value["task_name"]
    path = next((folder / "results").glob("*.json"))
    assert run("export", path, "--format", "mteb", "--out", "b.json").code == 0
    assert {"task_name", "mteb_version", "scores", "evaluation_time"} <= json.loads(
        (folder / "b.json").read_text("utf-8")
    ).keys()


def test_mteb_has_its_own_names_of_metrics(tmp_path: Path) -> None:
    given = {"R@1": 50.0, "recall@5": 25.0, "nDCG@10": 12.5, "MRR": 75.0, "mAP": 10.0, "MdR": 2.0}
    one = Result(sample_result(metrics={"t2v": given, "v2t": given}))
    FORMATS["mteb"]([one], tmp_path / "a.json")
    entry = json.loads((tmp_path / "a.json").read_text("utf-8"))["scores"]["test"][0]
    assert (entry["main_metric"], entry["main_score"]) == ("nDCG@10", 0.125)
    names = {
        "hit_rate_at_1": 0.5,
        "recall_at_5": 0.25,
        "ndcg_at_10": 0.125,
        "mrr": 0.75,
        "map": 0.1,
    }
    assert {key: entry[key] for key in names} == names


def test_model_index(folder: Path) -> None:
    yaml: Any = pytest.importorskip("yaml")
    assert run("export", "results", "--format", "model-index", "--out", "a.yaml").code == 0
    (model,) = yaml.safe_load((folder / "a.yaml").read_text("utf-8"))["model-index"]
    assert len(model["results"]) == 6
    entries = iter(model["results"])
    for one in results(folder):
        for direction in ("t2v", "v2t"):
            entry = next(entries)
            n = f"n = {one.n_text} texts, {one.n_video} videos"
            assert n in entry["dataset"]["name"]
            assert entry["dataset"]["args"] == {"n_text": one.n_text, "n_video": one.n_video}
            said = {metric["type"]: metric for metric in entry["metrics"]}
            numbers: dict[str, Any] = dict(one.metrics[direction])
            assert said["R@1"]["value"] == numbers["R@1"]
            assert said["MdR"]["args"]["unit"] == "rank"
            seen = "(transductive)" in said["R@1"]["name"]
            assert seen == (one.norm != "none")


def test_yaml_holds_any_string(tmp_path: Path) -> None:
    yaml: Any = pytest.importorskip("yaml")
    name = 'a: "b"\n- {c} # \u2028 \x1b é 😀'
    FORMATS["model-index"]([Result(sample_result(encoder=name))], tmp_path / "a.yaml")
    text = (tmp_path / "a.yaml").read_text("utf-8")
    assert not re.search("[^\n -~]", text)
    (model,) = yaml.safe_load(text)["model-index"]
    assert model["name"] == name


def test_ranks(folder: Path) -> None:
    io: Any = pytest.importorskip("arro3.io")
    assert run("export", "results", "--format", "ranks", "--out", "a.parquet").code == 0
    table = io.read_parquet("a.parquet").read_all()
    rows = {
        name: np.concatenate([np.array(chunk.to_pylist()) for chunk in table.column(name).chunks])
        for name in table.column_names
    }
    for i, one in enumerate(results(folder)):
        for direction, side in zip(DIRECTIONS, ("text", "video"), strict=True):
            chosen = (rows["result"] == i) & (rows["direction"] == direction)
            ranks = one.ranks[direction]
            asked = np.isfinite(ranks)
            assert rows["query"][chosen].tolist() == one.ranks[f"{side}_ids"][asked].tolist()
            np.testing.assert_array_equal(rows["rank"][chosen], ranks[asked])
            hits = 100 * np.mean(rows["rank"][chosen] <= 5)
            numbers: dict[str, Any] = dict(one.metrics[direction])
            assert hits == pytest.approx(numbers["R@5"])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_one_sentence(form: str) -> None:
    resource = pytest.importorskip("resource")
    if form == "ranks":
        pytest.importorskip("arro3.io")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        refused("export", "--format", form, "--out", "out", says="^vrbench: out cannot be written")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not Path("out").exists()


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_written() -> None:
    refused("export", "no", "--format", "csv", "--out", "b.csv", says="no is not a folder")
    Path("empty").mkdir()
    refused("export", "empty", "--format", "csv", "--out", "b.csv", says="empty holds no result")
    path = next(Path("results").glob("*.json"))
    refused("export", path, "--format", "csv", "--out", path, says="is read by this command")
    refused("eval", "f.h5", "--csv", "f.h5", "-q", says="is read by this command")
    for file in Path("results").glob("*.npz"):
        file.unlink()
    if FORMATS and pytest.importorskip("arro3.io"):
        says = "No result has its ranks beside it"
        refused("export", "results", "--format", "ranks", "--out", "b.parquet", says=says)
