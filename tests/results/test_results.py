"""Result files that are not what eval writes: refused one by one, left out of a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from small_features import write_features

import vrbench
from vrbench import InputError
from vrbench.results.result import load, load_all


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("r")
    path = write_features(folder / "f.h5")
    vrbench.evaluate(path, ["global", "max-avg"], ["none", "ncl"], out=folder / "r")
    return folder / "r"


@pytest.fixture
def one(results: Path, tmp_path: Path) -> Path:
    """One result in a copy of the folder."""
    return sorted(Path(shutil.copytree(results, tmp_path / "r")).glob("*-ncl_*.json"))[0]


def alter(path: Path, key: str, value: Any) -> None:
    values = json.loads(path.read_text())
    *outer, last = key.split(".")
    place = values
    for part in outer:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    path.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("bank", "train", "bank is 'train', expected an object"),
        ("bank.kind", 3, "bank.kind is 3, expected a string"),
        ("dataset", [1], r"dataset is \[1\], expected a string or null"),
        ("dataset", "\ud800", "is not a result"),
        ("method", 5, "method is 5"),
        ("method", ..., "method is missing"),
        ("norm", None, "norm is None, expected a string"),
        ("features", "x", "features is 'x', expected an object"),
        ("protocol", None, "protocol is None"),
        ("provenance", None, "provenance is None"),
        ("provenance.date", ..., "provenance.date is missing"),
        ("diagnostics", None, "diagnostics is None"),
        ("diagnostics.t2v.under", True, "diagnostics.t2v.under is True, expected a number"),
        ("metrics", {}, "metrics.t2v is missing"),
        ("metrics.t2v", None, "metrics.t2v is None"),
        ("metrics.v2t.R@1", "x", "metrics.v2t.R@1 is 'x', expected a number"),
        ("metrics.v2t.MnR", 10**400, "metrics.v2t.MnR is 10+..., expected a number"),
        ("metrics.v2t.R@x", 1, "metrics.v2t holds 'R@x', expected R@ and a whole number"),
        ("metrics.t2v.MdR", float("nan"), "is not a result"),
        ("metrics.t2v.R@1", 250, "metrics.t2v.R@1 is 250, expected a number from 0 to 100"),
        ("metrics.t2v.R@10", 100.1, "metrics.t2v.R@10 is 100.1"),
        ("metrics.v2t.nDCG@10", -1, "metrics.v2t.nDCG@10 is -1, expected a number from 0 to 100"),
        ("metrics.t2v.mAP", 101, "metrics.t2v.mAP is 101"),
        ("metrics.t2v.rsum", 300.5, "metrics.t2v.rsum is 300.5, expected a number from 0 to 300"),
        ("metrics.t2v.MdR", 0.5, "metrics.t2v.MdR is 0.5, expected a number from 1;"),
        ("metrics.v2t.MnR", 0, "metrics.v2t.MnR is 0, expected a number from 1;"),
        ("metrics.v2t.tied", 1.5, "metrics.v2t.tied is 1.5, expected a number from 0 to 1"),
        ("diagnostics.t2v.over", -0.1, "diagnostics.t2v.over is -0.1, expected a number from 0"),
        ("diagnostics.v2t.normalization_error", -1, "is -1, expected a number from 0 or null"),
        ("change.t2v.gained", -2, "change.t2v.gained is -2, expected a number from 0;"),
        ("change.t2v.R@1", -101, "change.t2v.R@1 is -101, expected a number from -100 to 100"),
        ("change.v2t.p", 2, "change.v2t.p is 2, expected a number from 0 to 1"),
        ("change.v2t.p", None, "change.v2t.p is None, expected a number from 0 to 1;"),
        ("raw.metrics.t2v.R@1", 250, "raw.metrics.t2v.R@1 is 250"),
        ("n_text", -1, "n_text is -1"),
        ("bank.n_video", -1, "bank.n_video is -1, expected a whole number"),
        ("notes", "no", "notes is 'no', expected a list of strings"),
        ("sequence_info", {"t2v": 3}, "sequence_info.t2v is 3"),
        ("schema", 2, "has schema 2, expected 1"),
        ("ranks", 5, "ranks is 5, expected the name of a file beside it"),
        ("ranks", "/etc/passwd", "ranks is '/etc/passwd'"),
        ("ranks", "../x.npz", "ranks is '../x.npz'"),
        ("ranks", "..", "ranks is '..'"),
    ],
)
def test_a_value_that_eval_does_not_write(one: Path, key: str, value: Any, says: str) -> None:
    alter(one, key, value)
    with pytest.raises(InputError, match=says) as caught:
        load(one)
    assert str(one) in str(caught.value)
    found, skipped = load_all(one.parent)
    assert (len(found), skipped) == (3, [str(one)])


@pytest.mark.parametrize(
    "options",
    [
        {"k": (1, 10**12), "v2t": "each-caption", "bank": "rolling"},
        {"v2t": "group-max", "bank": "test", "limit": 1},
        {"method": "emd", "norm": "none", "matrix": False},
        {"norm": ["dsl", "qb-norm", "gc", "ncl:iterations=0"]},
        {"folds": 2},
        {"interval": True},
    ],
)
def test_whatever_eval_writes_is_read(tmp_path: Path, options: dict[str, Any]) -> None:
    path = write_features(tmp_path / "f.h5")
    options = {"method": "global", "norm": "ncl", **options}
    written = vrbench.evaluate(path, **options, out=tmp_path / "r")
    found, skipped = load_all(tmp_path / "r")
    assert not skipped
    assert sorted(map(str, (one.values for one in found))) == sorted(str(w.values) for w in written)
    assert all(one.ranks.keys() >= {"t2v", "v2t", "text_ids", "video_ids"} for one in found)


@pytest.mark.parametrize("text", ["[" * 100_000, "[1]", "3", "", "\x00", "1" * 5000, "folder"])
def test_no_result_at_all(one: Path, text: str) -> None:
    one.unlink()
    one.mkdir() if text == "folder" else one.write_text(text)
    with pytest.raises(InputError, match=r"is not a (result|file)"):
        load(one)
    for command in (["table", "--results"], ["compare", "--draws", "9"], ["report"]):
        done = run(*command, one.parent)
        assert (done.code, done.err.count(f"{one} is not a result")) == (0, 1)


@pytest.mark.parametrize(
    "change", ["matrix", "cut", "words", "zero", "infinite", "ids", "pickle", "lacking"]
)
def test_rank_vectors_that_do_not_belong_to_a_result_are_lost(one: Path, change: str) -> None:
    path = one.with_suffix(".npz")
    with np.load(path) as file:
        ranks: dict[str, Any] = {key: file[key] for key in file.files}
    t2v = ranks["t2v"]
    ranks |= {
        "matrix": {"t2v": np.stack([t2v, t2v])},
        "cut": {"v2t": ranks["v2t"][:-1]},
        "words": {"t2v": t2v.astype(str)},
        "zero": {"t2v": t2v * 0},
        "infinite": {"t2v": t2v * np.inf},
        "ids": {"text_ids": ranks["text_ids"][1:]},
        "pickle": {"text_ids": ranks["text_ids"].astype(object)},
        "lacking": {"t2v": None},
    }[change]
    ranks = {key: value for key, value in ranks.items() if value is not None}
    np.savez(path, **ranks)
    assert load(one).ranks == {}
    done = run("compare", one.parent, "--draws", "9")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"{one.name} has no rank vectors beside it that belong to it" in done.err
    assert run("table", "--results", one.parent).out.count("| max-avg |") == 2
