"""The declared schema: what eval writes is in it, and the check of files is made from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_type_hints, is_typeddict

import numpy as np
import pytest
from hostile import HOSTILE, tame
from small_features import write_features

import vrbench
from vrbench.results.check import problems
from vrbench.results.result import Result, Results
from vrbench.results.schema import ResultDict


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    path = write_features(tmp_path_factory.mktemp("f") / "f.h5")
    return vrbench.evaluate(path, ["global", "max-avg"], ["none", "ncl"], "test", k=(1, 5))


def undeclared(value: Any, shape: Any, where: str = "") -> list[str]:
    """Keys of a result that no type declares."""
    hints = get_type_hints(shape)
    found = [f"{where}{key}" for key in value if key not in hints]
    for key, hint in hints.items():
        inner = [one for one in (hint, *getattr(hint, "__args__", ())) if is_typeddict(one)]
        if inner and value.get(key):
            found += undeclared(value[key], inner[0], f"{where}{key}.")
    return found


def test_every_key_that_eval_prints_is_declared(results: Results) -> None:
    for result in results:
        values = json.loads(json.dumps(result.to_dict()))
        assert undeclared(values, ResultDict) == []
        assert list(problems(values)) == []
    assert undeclared({"new": 1, "bank": {"size": 2}}, ResultDict) == ["new", "bank.size"]


def test_every_part_of_a_result_is_checked(results: Results) -> None:
    whole = json.loads(json.dumps(results[1].to_dict()))
    unread = {"schema", "transductive", "limit", "norm_info", "solved", "tuning", "seconds"}
    for key in get_type_hints(ResultDict).keys() - unread - {"rank_vectors"}:
        (said,) = problems({**whole, key: 1.5j}) if key in whole else ["not there"]
        assert said.startswith(f"{key} is 1.5j, expected ") or said == "not there", key
    for key in unread | {"whatever"}:
        assert not list(problems({**whole, key: [{}]})), key


@pytest.mark.parametrize(
    ("plugins", "says"),
    [
        ([], ""),
        ([{"sha256": "00"}, {"sha256": "1f", "file": "mine.py"}], ""),
        (None, ""),
        ({"sha256": "00"}, "provenance.plugins is {'sha256': '00'}, expected a list"),
        ([{"sha256": "00"}, {}], "provenance.plugins[1].sha256 is missing"),
        (["acme"], "provenance.plugins[0] is 'acme', expected an object"),
        ([{"sha256": 5}], "provenance.plugins[0].sha256 is 5, expected a string"),
        ([{"sha256": "", "file": 5}], "provenance.plugins[0].file is 5, expected a string"),
    ],
)
def test_plugins_are_checked_one_by_one(plugins: Any, says: str, results: Results) -> None:
    whole = json.loads(json.dumps(results[1].to_dict()))
    whole["provenance"]["plugins"] = plugins
    assert list(problems(whole)) == ([says] if says else [])


def test_null_is_as_good_as_missing_only_where_a_key_may_be_missing(results: Results) -> None:
    whole = json.loads(json.dumps(results[1].to_dict()))
    for key in ("sequence", "raw", "change", "notes", "error_gamma", "bank_distinct"):
        assert not list(problems({**whole, key: None})), key
        assert not list(problems({k: v for k, v in whole.items() if k != key})), key
    assert list(problems({**whole, "norm": None})) == ["norm is None, expected a string"]
    fair = whole["diagnostics"]["t2v"]
    del fair["hub_skewness"]  # older files lack it
    fair["normalization_error"] = None
    assert not list(problems(whole))
    fair["hub_skewness"] = "x"
    (said,) = problems(whole)
    assert said == "diagnostics.t2v.hub_skewness is 'x', expected a number or null"
    del fair["hub_skewness"], fair["normalization_error"]
    assert list(problems(whole)) == ["diagnostics.t2v.normalization_error is missing"]


def test_attributes_are_what_the_json_holds(results: Results) -> None:
    result = results[1]
    names = ("dataset", "method", "norm", "bank", "n_text", "protocol", "metrics", "features")
    for name in (*names, "raw", "change", "seconds", "error_gamma", "provenance"):
        assert getattr(result, name) == result[name] == dict(result.to_dict())[name], name
    assert result.metrics["t2v"]["R@1"] == result["metrics"]["t2v"]["R@1"]
    assert result.sequence is None
    assert isinstance(result.notes, list)
    values: Any = {key: value for key, value in result.to_dict().items() if key != "notes"}
    assert Result(values).notes == []
    with pytest.raises(AttributeError):
        result.method = "x"


def test_results_are_a_list_that_shows_itself_briefly(results: Results) -> None:
    shown = repr(results)
    assert shown.splitlines()[0].startswith("Results: 4 on ")
    assert len(shown.splitlines()) == 2 + len(results)
    for row, result in zip(shown.splitlines()[2:], results, strict=True):
        assert result.norm in row.split()
        assert f"{result.metrics['t2v']['R@1']:.1f}" in row.split()
    many = Results(list(results) * 125)
    assert len(repr(many)) < 1000
    rows = len(repr(many).splitlines()) - 3
    assert f"... {500 - rows} more" in repr(many)
    assert repr(Results()) == "Results: none"
    assert results == list(results)
    assert len(repr(results[0])) < 300
    assert repr(results[0]).startswith("Result(global; ")


def test_hostile_and_long_text_is_cut_and_escaped(results: Results) -> None:
    values: Any = results[1].to_dict()
    for text in (HOSTILE, "x" * 10_000, "\N{CJK UNIFIED IDEOGRAPH-5B57}" * 500):
        bad: Any = {**values, "dataset": text, "method": text, "norm": text}
        many = Results([Result(bad)] * 500)
        assert len(repr(many)) < 1000
        assert len(repr(many[0])) < 300
        tame("\n".join(line for line in repr(many).splitlines()))
        html = many._repr_html_()
        assert "<script" not in html
        assert "... 450 more" in html
        assert html.count("<tr>") == 51


def test_a_frame_has_a_row_a_result(results: Results) -> None:
    frame = results.to_frame()
    assert len(frame) == 4
    columns = {"dataset", "method", "norm", "bank", "sequence", "n_text", "n_video"}
    columns |= {f"{d} {name}" for d in ("t2v", "v2t") for name in ("R@1", "R@5", "MdR", "MnR")}
    assert columns <= set(frame.columns)
    assert frame["t2v R@1"].tolist() == [one.metrics["t2v"]["R@1"] for one in results]
    assert Results().to_frame().empty


def test_what_is_scored_shows_itself_in_a_line(tmp_path: Path) -> None:
    with vrbench.open(write_features(tmp_path / "f.h5")) as features:
        n = len(features.video)
        shown = repr(features)
        assert shown.startswith(f"Features(f.h5: video {n} items, ")
        assert "bank" in shown
        width, kind = features.video.dim, features.video.tokens.dtype
        assert f"width {width}, {kind}" in repr(features.video)
        sim = vrbench.score(features.text, features.video, "max-avg")
    assert len(repr(features)) < 400
    texts = len(features.text)
    assert repr(sim) == f"Sim({texts} texts x {n} videos, float32, t2v and v2t)"
    assert repr(vrbench.Sim(sim.t2v, None)) == f"Sim({texts} texts x {n} videos, float32, t2v)"
    levels = vrbench.Sim(np.ones((2, 3, 4)), None)
    assert repr(levels) == "Sim(2 levels, 3 texts x 4 videos, float64, t2v)"
    assert repr(vrbench.Sim(None, None)) == "Sim(empty)"
