"""One answer to one question, whichever command gives it, and in one unit."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from numpy.typing import NDArray
from small_features import write_features

import vrbench
from vrbench import InputError
from vrbench.cli.catalogue import CATALOGUE
from vrbench.cli.printing import terminal

GRID = ("--method", "global", "--method", "max-avg", "--norm", "none", "--norm", "ncl")


def ties(seed: int, *shape: int) -> NDArray[Any]:
    """Similarities of which many are equal."""
    return np.round(np.random.default_rng(seed).uniform(-0.2, 0.5, shape), 1)


@pytest.mark.parametrize("captions", [1, 3])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_audit_and_eval_answer_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, captions: int, dtype: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arrays = {key: ties(i, 15 * captions, 15).astype(dtype) for i, key in enumerate(("t2v", "v2t"))}
    np.savez("s.npz", text_video=np.repeat(np.arange(15), captions), allow_pickle=False, **arrays)
    audit = json.loads(run("audit", "s.npz", "--json").out)
    rows = {row["rule"]: row for row in audit["rules"]}
    options: list[tuple[str, tuple[str, ...]]] = [
        *((rule, ("--ties", rule)) for rule in ("mean", "optimistic", "pessimistic")),
        *((rule, ("--v2t", rule)) for rule in ("best-caption", "group-max", "each-caption")),
        ("dual-softmax", ("--norm", "dsl")),
    ]
    for rule, words in options:
        (result,) = run("eval", "--from-sim", "s.npz", "--json", *words).results
        for direction in ("t2v", "v2t"):
            if (row := rows[rule][direction]) is not None:
                found = {key: result["metrics"][direction][key] for key in row["metrics"]}
                assert found == pytest.approx(row["metrics"]), (rule, direction)
        if rule == "mean":
            shares = {side: found["tied"] for side, found in result["metrics"].items()}
            assert shares == audit["tied"]
            assert shares["t2v"] > 0.5
    shown = run("audit", "s.npz").out
    assert f"{100 * shares['t2v']:.1f} % of the queries have a tie" in shown
    assert ("against group-max" in shown) == (captions > 1)


def test_eval_table_and_report_print_shares_in_percent(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "WIDE", 1000)
    words = ("--method", "global", "--norm", "none", "--out", "r")
    shown = run("eval", "f.h5", *words).out
    (result,) = run("eval", "f.h5", *words, "--json").results
    assert run("report", "r", "--out", "p.html").code == 0
    csv = run("table", "--results", "r", "--format", "csv").out
    for side, of in (("t2v", "Text to video"), ("v2t", "Video to text")):
        shares = result["diagnostics"][side]
        never = f"{100 * shares['under']:.1f}"
        assert 0 < shares["under"] < 1
        (row,) = re.findall(rf"{of}.*?\n global +none +(.*?)\n", shown, re.DOTALL)
        assert row.split()[-2:] == [never, f"{100 * shares['over']:.1f}"]
        assert never in Path("p.html").read_text()
        [line] = [line for line in csv.splitlines() if f",{side} never retrieved," in line]
        assert f",{100 * shares['under']},percent,measured" in line
        for kind in ("terminal", "markdown", "latex"):
            assert f"{never}" in run("table", "--results", "r", "--format", kind).out, kind
            assert f"{shares['under']:.3f}" not in run("table", "--format", kind).out, kind


def test_report_and_compare_print_the_same_tests(tmp_path: Path) -> None:
    path, folder = write_features(tmp_path / "f.h5", counts=(3,) * 12), tmp_path / "r"
    vrbench.evaluate(path, ["global", "max-avg", "scan"], ["none", "ncl"], out=folder)
    assert run("report", folder, "--out", tmp_path / "p.html").code == 0
    page = (tmp_path / "p.html").read_text()
    on_page = {}
    for side in ("text to video", "video to text"):
        [table] = re.findall(rf"Paired tests, {side}</h3>(.*?)</table>", page, re.DOTALL)
        for row in re.findall("<tr><th scope=row.*?</tr>|<tr class.*?</tr>", table):
            cells = [*map(html.unescape, re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row))]
            on_page[side.capitalize(), cells[0], cells[1]] = cells[5:7]
    files = sorted(folder.glob("*.json"))
    for first, second in ((0, 1), (1, 4)):
        words = ("compare", files[first], files[second])
        tests = json.loads(run(*words, "--json").out)["tests"]
        shown = run(*words).out
        for test in tests:
            side = {"t2v": "Text to video", "v2t": "Video to text"}[test["direction"]]
            pair = f"{'abcdef'[first]} -> {'abcdef'[second]}"
            interval, p = on_page[side, pair, test["metric"]]
            assert f"{interval}" in shown
            assert p in shown
            zero_is_out = test["interval"][0] > 0 or test["interval"][1] < 0
            assert zero_is_out == (test["p"] <= 0.05)
            assert re.fullmatch(r"\[[+-]\S+, [+-]\S+\]", interval)


def test_positives_are_booleans_or_0_and_1(tmp_path: Path) -> None:
    sim = ties(0, 5, 5)
    right = np.eye(5, dtype=bool) | (np.arange(25).reshape(5, 5) == 3)
    expected = vrbench.metrics.ranks(sim, positives=right)
    for dtype in ("i1", "u8", "i8"):
        found = vrbench.metrics.ranks(sim, positives=right.astype(dtype))
        assert np.array_equal(found, expected), dtype
    np.savez(tmp_path / "s.npz", t2v=sim, positives=right.astype(int))
    assert run("eval", "--from-sim", tmp_path / "s.npz", "--out", tmp_path).code == 0
    for wrong in (right + 1, -right.astype(int), right * 0.5, right.astype(str)):
        with pytest.raises(InputError, match="positives"):
            vrbench.metrics.ranks(sim, positives=wrong)


def test_results_are_a_list_and_a_frame(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    results = vrbench.evaluate(path, ["global", "max-avg"], ["none", "dsl"])
    assert isinstance(results, list)
    assert isinstance(results, vrbench.Results)
    frame = results.to_frame()
    assert frame["method"].tolist() == ["global", "global", "max-avg", "max-avg"]
    assert frame["bank"].tolist() == ["none", "test", "none", "test"]
    for key in ("R@1", "MdR", "tied"):
        assert frame[f"v2t {key}"].tolist() == [r["metrics"]["v2t"][key] for r in results]
    assert frame["t2v under"][0] == results[0]["diagnostics"]["t2v"]["under"]
    assert frame["t2v normalization_error"].isna().tolist() == [False, True, False, True]


def test_list_prints_a_line_an_entry() -> None:
    for kind, entries in CATALOGUE.items():
        lines = run("list", kind).out.splitlines()
        assert lines[0] == f"{kind}:"
        assert not [line for line in lines if "``" in line]
        assert len([line for line in lines if line]) == 1 + len(entries())
