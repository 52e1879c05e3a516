"""The table of metrics: one entry more is a metric more, wherever metrics are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from numpy.typing import NDArray
from small_features import write_features

import vrbench
from vrbench.errors import InputError
from vrbench.metrics import table
from vrbench.metrics.metric import Metric
from vrbench.metrics.ranking import summary
from vrbench.metrics.values import Numbers
from vrbench.results.result import Results, load, load_all


def reciprocal(ranks: NDArray[Any]) -> Any:
    return 100 * np.mean(1 / ranks, axis=-1)


def within(ranks: NDArray[Any], k: int) -> Any:
    return np.count_nonzero(ranks > k, axis=-1) / ranks.shape[-1]


HALF = Metric("half", "mean reciprocal rank", reciprocal, decimals=2, more_is_better=True)
MISS = Metric("miss@K", "share of misses", within, unit="share", more_is_better=False)
WON = Metric(
    "won",
    "items that a query retrieves first",
    of=lambda read: float((read.votes.votes > 0).sum()),
    part="diagnostics",
    unit="1",
    decimals=0,
    brief="winners",
    published="items won",
    legend="winners: items that a query retrieves first",
)


@pytest.fixture
def more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "METRICS", (*table.METRICS, HALF, MISS, WON))


@pytest.fixture
def folder(more: None, tmp_path: Path) -> Path:
    path = write_features(tmp_path / "f.h5", counts=(3,) * 20)
    vrbench.evaluate(path, ["global", "max-avg"], ["none", "ncl"], out=tmp_path / "r")
    return tmp_path / "r"


def test_a_metric_is_measured(folder: Path) -> None:
    (result, *_), skipped = load_all(folder)
    assert not skipped
    for direction in ("t2v", "v2t"):
        ranks = result.ranks[direction][~np.isnan(result.ranks[direction])]
        found = result["metrics"][direction]
        assert found["half"] == pytest.approx(100 * sum(1 / r for r in ranks) / len(ranks))
        misses = sum(r > 5 for r in ranks) / len(ranks)
        assert found["miss@5"] == pytest.approx(misses)
        assert 0 < result["diagnostics"][direction]["won"] <= 60


def test_it_stands_in_every_table_report_and_comparison(folder: Path, tmp_path: Path) -> None:
    results = Results(load_all(folder)[0])
    value = results[0].metrics["t2v"]["half"]
    shown = run("eval", tmp_path / "f.h5", "--method", "global", "--out", folder / "more")
    for heading in (" half ", " miss@5 ", " winners "):
        assert heading in shown.out
    percent = "R@K, MRR, mAP, nDCG@K, recall@K, tied, never, often, half, miss@K in percent."
    said = " ".join(shown.out.split())
    assert f"{percent} recall@K: share of a query's positives" in said
    assert "winners: items that a query retrieves first" in " ".join(shown.out.split())
    assert "mean reciprocal rank" in run("list", "metrics").out
    names = [row["name"] for row in json.loads(run("list", "metrics", "--json").out)["metrics"]]
    assert names[-3:] == ["half", "miss@K", "won"]
    listed = run("table", "--results", folder).out
    assert "t2v half" in listed
    assert "t2v miss@10" in listed
    assert "v2t items won" in listed
    assert f"{value:.2f}" in listed
    cells = run("table", "--results", folder, "--format", "csv").out
    assert f"t2v half,{value!r},percent" in cells
    report = json.loads(run("compare", folder, "--draws", "99", "--json").out)
    tested = [test["metric"] for test in report["tests"] if (test["a"], test["b"]) == (0, 1)]
    assert tested[:8] == ["R@1", "R@5", "R@10", "MdR", "MnR", "half", "miss@1", "miss@5"]
    assert "bootstrap for MdR, MnR, half, miss@1, miss@5 and miss@10" in report["about"]["test"]
    assert "half" in run("compare", folder, "--draws", "99").out
    features = vrbench.open(tmp_path / "f.h5")
    sim = vrbench.score(features.text, features.video, "global")
    np.savez(tmp_path / "s.npz", t2v=sim.t2v, v2t=sim.v2t, text_video=features.text_video)
    assert " half " in run("audit", tmp_path / "s.npz").out
    assert run("report", folder, "--out", tmp_path / "p.html").code == 0
    page = (tmp_path / "p.html").read_text()
    assert 'class="number">half</th>' in page
    assert 'class="number">miss@5 %</th>' in page
    assert {"t2v half", "v2t miss@10", "v2t won"} <= set(results.to_frame().columns)
    assert f"{value:.2f}" in repr(results[0])
    assert "t2v half" in results._repr_html_()


def test_an_interval_and_a_p_of_it_agree(folder: Path) -> None:
    report = json.loads(run("compare", folder, "--draws", "399", "--json").out)
    found = [test for test in report["tests"] if test["metric"] in ("half", "miss@5")]
    assert len(found) == 2 * 2 * 6
    for test in found:
        low, high = test["interval"]
        assert (low > 0 or high < 0) == (test["p"] <= 0.05), test
        assert low <= high


def test_files_from_before_it_are_read_and_wrong_values_are_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, *others = sorted(folder.glob("*.json"))
    values = json.loads(path.read_text())
    for direction in ("t2v", "v2t"):
        for name in ("half", "miss@1", "miss@5", "miss@10"):
            del values["metrics"][direction][name]
        del values["diagnostics"][direction]["won"]
    path.write_text(json.dumps(values))
    assert "half" not in load(path).metrics["t2v"]
    assert run("table", "--results", folder).code == 0
    frame = Results([load(path), load(others[0])]).to_frame()
    assert frame["t2v half"].isna().tolist() == [True, False]
    report = json.loads(run("compare", folder, "--draws", "9", "--json").out)
    assert {test["metric"] for test in report["tests"]} == {"R@1", "R@5", "R@10", "MdR", "MnR"}
    for part, key, value in (
        ("metrics", "half", "x"),
        ("metrics", "miss@x", 1),
        ("diagnostics", "won", [1]),
    ):
        wrong = json.loads(others[0].read_text())
        wrong[part]["t2v"][key] = value
        path.write_text(json.dumps(wrong))
        with pytest.raises(InputError, match=rf"{part}\.t2v.* expected"):
            load(path)


def test_without_it_a_file_that_has_it_is_read_as_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert len(load_all(folder)[0]) == 4
    assert "half" not in run("table", "--results", folder).out


def test_every_key_has_one_metric() -> None:
    for one in table.METRICS:
        key = one.name.replace("@K", "@7")
        found = table.find(key)
        assert found is not None
        assert (found.family, found.k) == (one.name, 7 if one.each_k else 0)
        assert one.published == "" or table.find(one.published) is one
        assert [one.of, one.of_ranks, one.each].count(None) == 2
    for name in ("R@0", "R@x", "R@", "r@1", "R@1.5", "nothing", "", "X@3", "R@" + "1" * 40):
        assert table.find(name) is None
    with pytest.raises(KeyError):
        table.named("nothing")


def test_numbers_are_written_in_their_unit() -> None:
    assert table.named("under").text(0.4285) == "42.9"
    assert table.named("R@3").text(42.85) == "42.9"
    assert table.named("normalization_error").text(0.25449) == "0.254"
    assert table.named("MdR").text(None) == ""
    assert table.named("R@1").better(2, 1)
    assert table.named("MnR").better(1, 2)
    assert table.named("under").better(0.1, 0.2)
    assert not table.named("tied").better(0.1, 0.2)
    assert not table.named("tied").better(0.2, 0.1)


def test_metrics_of_ranks_are_along_the_last_axis() -> None:
    ranks = np.random.default_rng(0).integers(1, 30, (4, 25)).astype(float)
    for one in table.of_ranks((1, 10)):
        each = [summary(row, (1, 10))[one.name] for row in ranks]
        assert one.over(ranks).tolist() == each, one.name
    with pytest.raises(TypeError, match="tied is not of ranks"):
        table.named("tied").over(ranks)


def test_columns_are_in_the_order_of_the_table_and_of_k() -> None:
    numbers = {"tied": 0.0, "R@10": 1.0, "MnR": 2.0, "R@5": 3.0, "theirs": 0.0, "R@x": 1.0}
    measured: Numbers = {
        "metrics": {"t2v": numbers, "v2t": {}},
        "diagnostics": {"t2v": {"over": 1, "under": 0}, "v2t": {}},
    }
    found = [one.name for one in table.columns([measured], "t2v", "v2t")]
    assert found == ["R@5", "R@10", "MnR", "tied", "under", "over"]
    assert table.columns([]) == []


def test_the_room_lists_what_is_public() -> None:
    assert set(dir(vrbench.metrics)) >= {"ranks", "summary", "Metric"}
    assert not [name for name in dir(vrbench.metrics) if name.startswith("_")]
