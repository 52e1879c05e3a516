"""Comparisons of results: pairing by id, tests, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import false_discovery_control
from small_features import write_features
from typer.testing import CliRunner

import vrbench
from vrbench import InputError
from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.results.compare import compare
from vrbench.results.result import Result
from vrbench.results.significance import mcnemar


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    path = write_features(tmp_path_factory.mktemp("f") / "f.h5", counts=(3,) * 20)
    return vrbench.evaluate(path, ["global", "max-avg"], ["none", "ncl"])


def reordered(result: Result, keep: int | None = None) -> Result:
    """The same result with its texts and videos in another order, or only some of them."""
    rng = np.random.default_rng(1)
    text = rng.permutation(len(result.ranks["text_ids"]))[:keep]
    video = rng.permutation(len(result.ranks["video_ids"]))[:keep]
    order = {"t2v": text, "text_ids": text, "v2t": video, "video_ids": video}
    return Result(result.values, {key: result.ranks[key][i] for key, i in order.items()})


def test_every_pair_is_tested_in_every_metric(results: list[Result]) -> None:
    report = compare(results, n=99)
    assert len(report["tests"]) == 6 * 2 * 5
    (test,) = [
        t
        for t in report["tests"]
        if (t["a"], t["b"], t["direction"], t["metric"]) == (0, 2, "t2v", "R@1")
    ]
    before, after = results[0].ranks["t2v"], results[2].ranks["t2v"]
    assert test["p"] == mcnemar(before, after).p
    assert test["difference"] == pytest.approx(
        results[2]["metrics"]["t2v"]["R@1"] - results[0]["metrics"]["t2v"]["R@1"]
    )
    assert test["wins"] == sum(b < a for a, b in zip(before, after, strict=True))
    assert test["wins"] + test["equal"] + test["losses"] == 60
    expected = false_discovery_control([t["p"] for t in report["tests"]])
    assert [t["q"] for t in report["tests"]] == pytest.approx(expected)


def test_queries_are_paired_by_id_not_by_place(results: list[Result]) -> None:
    same = compare([results[0], reordered(results[0])], n=9)
    assert all(t["p"] == 1 and t["wins"] == t["losses"] == 0 for t in same["tests"])
    assert same["changed"] == {"t2v": [], "v2t": []}


def test_different_items_are_refused_or_joined(results: list[Result]) -> None:
    part = reordered(results[1], keep=12)
    with pytest.raises(InputError, match="of 60 and 12 t2v queries 12 are the same; --common"):
        compare([results[0], part], n=9)
    report = compare([results[0], part], common=True, n=9)
    assert report["queries"] == {"t2v": 12, "v2t": 12}
    assert report["left_out"] == {"t2v": [48, 0], "v2t": [8, 0]}
    ids = results[0].ranks["text_ids"].tolist()
    own = [results[0].ranks["t2v"][ids.index(name)] for name in part.ranks["text_ids"]]
    (test,) = [t for t in report["tests"] if (t["direction"], t["metric"]) == ("t2v", "MnR")]
    assert test["value_a"] == pytest.approx(np.mean(own))


def test_galleries_of_different_items_are_refused_or_said(results: list[Result]) -> None:
    ranks: dict[str, Any] = dict(results[0].ranks)
    # two more videos that no text belongs to: the queries are the same, what they are ranked among
    # is not
    more = {
        "video_ids": np.array([*map(str, ranks["video_ids"]), "x", "y"]),
        "v2t": np.append(ranks["v2t"], [np.nan, np.nan]),
    }
    other = Result(results[0].values, ranks | more)
    with pytest.raises(InputError, match="rank t2v queries among different items, 20 and 22"):
        compare([results[0], other], n=9)
    (note,) = compare([results[0], other], common=True, n=9)["notes"]
    assert note.startswith("t2v queries are ranked among different items (20, 22 of them)")
    assert compare(results[:2], n=9)["notes"] == []


def test_changes_are_by_ratio_of_ranks(results: list[Result]) -> None:
    ranks: dict[str, Any] = dict(results[0].ranks)
    other = dict(ranks, t2v=ranks["t2v"] * np.r_[1.0, 5.0, 2.0, np.ones(57)])
    report = compare([results[0], Result(results[0].values, other)], top=3, n=9)
    found = [row["query"] for row in report["changed"]["t2v"]]
    assert found == [str(name) for name in ranks["text_ids"][[1, 2]]]


def test_each_caption_ranks_are_paired_by_text(results: list[Result], tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", counts=(3,) * 5)
    each = vrbench.evaluate(path, ["global", "max-avg"], v2t="each-caption")
    assert compare(each, n=9)["queries"]["v2t"] == 15
    with pytest.raises(InputError, match="evaluate both alike"):
        compare([each[0], vrbench.evaluate(path, "global")[0]], n=9)


def test_what_cannot_be_compared_is_refused(results: list[Result]) -> None:
    with pytest.raises(InputError, match="1 result is nothing to compare"):
        compare(results[:1])
    with pytest.raises(InputError, match="no rank vectors beside it"):
        compare([results[0], Result(results[1].values, {})])
    alien = dict(results[1].ranks, text_ids=np.array([f"x{i}" for i in range(60)]))
    with pytest.raises(InputError, match="share no t2v query"):
        compare([results[0], Result(results[1].values, alien)], common=True)


def test_the_command(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    vrbench.evaluate(path, ["global", "max-avg"], out=tmp_path / "r")
    words = ["compare", str(tmp_path / "r"), "--draws", "99"]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0, shown.stderr
    assert "a -> b" in shown.stdout
    report = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert report["results"][0]["how"] == "global"
    refused = CliRunner().invoke(app, ["compare", str(tmp_path / "none.json")])
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)


def test_bundled_captions_stand_beside_the_queries(tmp_path: Path) -> None:
    from vrbench.bundled import bundled_features

    vrbench.evaluate(bundled_features(), ["global", "uniform"], limit=30, out=tmp_path)
    done = CliRunner().invoke(app, ["compare", str(tmp_path), "--draws", "9", "--json"])
    changed = json.loads(done.stdout)["changed"]
    assert all(row["caption"] for rows in changed.values() for row in rows)
    assert changed["t2v"]


def test_means_over_queries_are_tested_where_they_are_asked_for(tmp_path: Path) -> None:
    """Four videos, one text each: ranks 1, 2, 1, 1 against 1, 1, 4, 1."""
    first, second = np.eye(4), np.eye(4)
    first[1, 0], second[2] = 2, [3, 4, 1, 2]
    for name, t2v in (("a", first), ("b", second)):
        vrbench.evaluate(t2v, out=tmp_path / name)
    paths = [next((tmp_path / name).glob("*.json")) for name in "ab"]
    report = vrbench.compare(*paths, also=["MRR", "nDCG@10", "mAP"], draws=2000)
    found = {t["metric"]: t for t in report["tests"] if t["direction"] == "t2v"}
    assert (found["MRR"]["value_a"], found["MRR"]["value_b"]) == (87.5, 81.25)
    assert found["nDCG@10"]["value_b"] == pytest.approx(25 * (3 + 1 / np.log2(5)))
    assert [found["MRR"][key] for key in ("wins", "equal", "losses")] == [1, 2, 1]
    # the means of the same 2,000 draws of queries
    drawn = np.array([0, 50.0, -75.0, 0])[np.random.default_rng(0).integers(0, 4, (2000, 4))]
    low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
    np.testing.assert_allclose(found["MRR"]["interval"], [low, high], atol=3)
    assert {**found["MRR"], "metric": "", "q": 0} == {**found["mAP"], "metric": "", "q": 0}
    assert "MRR" not in {t["metric"] for t in vrbench.compare(*paths, draws=9)["tests"]}
    said = CliRunner().invoke(app, ["compare", *map(str, paths), "--metric", "MRR"]).output
    assert "MRR" in said
    assert "87.5" in said
    with pytest.raises(InputError, match=r"'R@1' is no mean over the queries: --metric takes MRR"):
        vrbench.compare(*paths, also=["R@1"])
    odd = vrbench.results.result.load(paths[0])
    old = Result(odd.values, {k: x for k, x in odd.ranks.items() if "MRR" not in k})
    with pytest.raises(InputError, match="has no MRR of each t2v query beside it: run it again"):
        vrbench.compare(old, paths[1], also=["MRR"])
