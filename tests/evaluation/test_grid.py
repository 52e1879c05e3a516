from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from evaluated import N_BANK_TEXT, N_BANK_VIDEO, N_TEXT, N_VIDEO, path, stamps
from small_features import write_features

import vrbench
from vrbench.alignments.engine import driver
from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources import scorer
from vrbench.results.result import Result

__all__ = ["path"]


def names(results: Sequence[Result]) -> list[tuple[str, str]]:
    return [(result["method"], result["norm"]) for result in results]


def test_the_grid_runs_methods_before_norms(path: Path) -> None:
    methods = ["scan:lam=9.0", "0.5*global+0.5*emd", "global"]
    results = vrbench.evaluate(path, methods, ["ncl", "none", "dsl"])
    expected = ["scan", "0.5*global+0.5*emd", "global"]
    assert names(results) == [(m, n) for m in expected for n in ("ncl", "none", "dsl")]


def test_two_spellings_of_a_method_are_one_result(path: Path) -> None:
    results = vrbench.evaluate(path, ["scan", "scan:lam=9", "scan:lam=9.0"], ["none", "none"])
    assert names(results) == [("scan", "none")]


def test_each_method_is_scored_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    score = driver.score

    def counted(text: Any, video: Any, method: Any, **options: Any) -> Any:
        calls.append(f"{method.spec} {len(text)} x {len(video)}")
        return score(text, video, method, **options)

    monkeypatch.setattr(scorer, "score", counted)
    vrbench.evaluate(path, ["global", "scan"], ["none", "ncl", "dsl", "ncl:gamma=0.1"])
    test, texts, videos = (
        f"{N_TEXT} x {N_VIDEO}",
        f"{N_BANK_TEXT} x {N_VIDEO}",
        f"{N_TEXT} x {N_BANK_VIDEO}",
    )
    assert calls == [f"{m} {size}" for m in ("global", "scan") for size in (test, texts, videos)]


def test_what_exists_is_read_and_not_made_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = vrbench.evaluate(path, "max-avg", ["none", "ncl"], out=tmp_path)
    before = stamps(tmp_path)
    assert len(before) == 4

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("scored again")

    with monkeypatch.context() as patch:
        patch.setattr(scorer, "score", refuse)
        again = vrbench.evaluate(path, "max-avg", ["none", "ncl"], out=tmp_path)
    assert stamps(tmp_path) == before
    assert [r.to_dict() for r in again] == [r.to_dict() for r in first]
    np.testing.assert_array_equal(again[1].ranks["v2t"], first[1].ranks["v2t"])
    vrbench.evaluate(path, "max-avg", "none", out=tmp_path, overwrite=True)
    after = stamps(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert len(changed) == 2
    assert all("none" in name for name in changed)


@pytest.mark.parametrize(
    ("cluster", "again"),
    [
        ({"workers": 2, "fingerprints": [{"workers": 2, "numba": "no"}], "others": 2}, True),
        ({"workers": 2, "fingerprints": [{"workers": 2, "numba": "no"}]}, False),
        ([5], False),
    ],
)
def test_what_mixed_workers_made_exists_for_these_alone(
    cluster: Any, again: bool, path: Path, tmp_path: Path
) -> None:
    vrbench.evaluate(path, "max-avg", out=tmp_path)
    [file] = tmp_path.glob("*.json")
    result = json.loads(file.read_text())
    result["provenance"]["cluster"] = cluster
    file.write_text(json.dumps(result))
    for mixed in (True, False):
        backend: Any = SimpleNamespace(mixed=mixed)
        evaluation = Evaluation.open(path, compute=Compute(backend=backend))
        [job] = evaluation.jobs(["max-avg"], ["none"], tmp_path)
        assert job.exists == (mixed or not again)


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        {"norm": "ncl:gamma=0.02"},
        {"method": "max-sum"},
        {"bank": "test"},
        {"bank": "rolling"},
        {"bank": "rolling:3"},
        {"ties": "optimistic"},
        {"v2t": "group-max"},
        {"k": (1, 5)},
        {"limit": 4},
        {"limit_ids": ["video0", "video1", "video3"]},
        {"seed": 1},
        {"precision": "double"},
    ],
    ids=str,
)
def test_what_decides_a_result_makes_another_one(
    path: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    base: dict[str, Any] = {"method": "max-avg", "norm": "ncl", "out": tmp_path}
    (first,) = vrbench.evaluate(path, **base)
    (second,) = vrbench.evaluate(path, **{**base, **other})
    assert first["ranks"] != second["ranks"]
    assert len(stamps(tmp_path)) == 4


def test_ranks_alone_do_not_stand_in_for_the_whole_result(path: Path, tmp_path: Path) -> None:
    (ranked,) = vrbench.evaluate(path, "emd", matrix=False, out=tmp_path)
    assert ranked["diagnostics"]["t2v"]["hub_skewness"] is None
    (whole,) = vrbench.evaluate(path, "emd", out=tmp_path)
    assert whole["diagnostics"]["t2v"]["hub_skewness"] is not None
    assert whole["ranks"] == ranked["ranks"]
    (kept,) = vrbench.evaluate(path, "emd", matrix=False, out=tmp_path)
    assert kept.to_dict() == whole.to_dict()


def test_other_windows_and_bank_files_make_another_result(path: Path, tmp_path: Path) -> None:
    banks: list[str | Path] = ["rolling", "rolling:2", "rolling:3"]
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        banks.append(write_features(tmp_path / name / "bank.h5", seed=seed, counts=(1, 1)))
    found = {
        vrbench.evaluate(path, "global", "ncl", bank, out=tmp_path / "out")[0]["ranks"]
        for bank in banks
    }
    assert len(found) == len(banks)


def test_other_features_under_the_same_name_make_another_result(tmp_path: Path) -> None:
    for folder, seed in (("a", 0), ("b", 5)):
        (tmp_path / folder).mkdir()
        write_features(tmp_path / folder / "f.h5", seed=seed)
        vrbench.evaluate(tmp_path / folder / "f.h5", "global", out=tmp_path / "out")
    assert len(stamps(tmp_path / "out")) == 4


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 99}'])
def test_a_damaged_result_is_made_again(path: Path, tmp_path: Path, damage: bytes) -> None:
    (first,) = vrbench.evaluate(path, "global", out=tmp_path)
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(damage)
    (again,) = vrbench.evaluate(path, "global", out=tmp_path)
    assert again["metrics"] == first["metrics"]
    assert json.loads(file.read_text())["metrics"] == first["metrics"]


@pytest.mark.parametrize("damage", [None, b"", b"PK\x03\x04 not an archive"], ids=str)
def test_a_result_whose_ranks_are_lost_is_made_again(
    path: Path, tmp_path: Path, damage: bytes | None
) -> None:
    (first,) = vrbench.evaluate(path, "global", out=tmp_path)
    file = tmp_path / first["ranks"]
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    (again,) = vrbench.evaluate(path, "global", out=tmp_path)
    np.testing.assert_array_equal(again.ranks["t2v"], first.ranks["t2v"])
    with np.load(file) as saved:
        np.testing.assert_array_equal(saved["t2v"], first.ranks["t2v"])


def test_an_item_that_cannot_be_scored_is_named_and_what_was_finished_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_features(tmp_path / "f.h5")
    score = driver.score

    def broken(text: Any, video: Any, method: Any, **options: Any) -> Any:
        sim = score(text, video, method, **options)
        if method.spec == "scan":
            sim.t2v[3, 1] = np.nan
        return sim

    monkeypatch.setattr(scorer, "score", broken)
    with pytest.raises(InputError, match="text 3 and video 1"):
        vrbench.evaluate(path, ["global", "scan"], out=tmp_path / "out")
    assert len(stamps(tmp_path / "out")) == 2
