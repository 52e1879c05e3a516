from __future__ import annotations

import json
import re
from csv import DictReader
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cli_runs import refused, run, stamps
from long_videos import arrays, write
from small_features import write_features

from vrbench import published
from vrbench.evaluation.evaluate import evaluate
from vrbench.results.result import load_all


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a feature file ``f.h5``."""
    monkeypatch.chdir(tmp_path)
    write_features(tmp_path / "f.h5")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", [*published.names(), *published.extras()])
def test_every_table_prints_in_every_format(name: str) -> None:
    table = published.load(name)
    shown = {form: run("table", name, "--format", form).out for form in ("terminal", "latex")}
    for row in table.rows:
        for cell in row.cells:
            assert cell.text in shown["terminal"]
            assert cell.text.replace("&", r"\&") in shown["latex"]
    assert run("table", name).out == run("table", name, "--format", "markdown").out
    cells = json.loads(run("table", name, "--format", "json").out)
    lines = list(DictReader(StringIO(run("table", name, "--format", "csv").out)))
    assert len(cells) == len(lines)
    printed = sum(bool(cell.text) for row in table.rows for cell in row.cells)
    assert sum(one["kind"] == "published" for one in cells) == printed
    assert all(one["source"] for one in cells)


def published_part(text: str) -> str:
    return re.split(r"- (?:Left empty|vrbench has no)", text)[0]


def test_system_in_every_format() -> None:
    for form in ("terminal", "markdown", "latex", "csv", "json"):
        out = run("table", "--system", "CLIP4Clip", "--format", form).out
        assert "44.5" in out
        assert "43.1" in out
    refused("table", "--system", "Clip5", says="has a system 'Clip5'")
    refused("table", "ncl-1", "--system", "NCL", says="not both: ncl-1 and NCL")


def test_reproduce_plans_runs_skips_and_prints_the_table(folder: Path) -> None:
    plan = run("reproduce", "tokenflow-5", "f.h5", "--dry-run")
    lines = plan.out.splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:7]] == [
        *("0.5*global+0.5*tokenflow", "emd", "global", "max-avg", "scan", "uniform")
    ]
    assert lines[7] == "  left empty: Learnable [28]: learnable needs a head: give --train."
    assert not (folder / "results").exists()

    done = run("reproduce", "tokenflow-5", "f.h5", "--format", "json")
    cells = [one for one in json.loads(done.out) if one["kind"] == "measured"]
    measured = {one["row"].split(":")[0] for one in cells if one["value"] is not None}
    assert len(measured) == 6
    assert "Left empty: Learnable [28]" in done.err
    before = stamps(folder / "results")
    assert len(before) == 12

    again = run("reproduce", "tokenflow-5", "f.h5", "--format", "json")
    assert again.out == done.out
    assert stamps(folder / "results") == before
    exists = run("reproduce", "tokenflow-5", "f.h5", "--dry-run").out
    assert exists.count(": exists") == 6


def test_reproduce_measures_with_the_tables_own_k_norm_and_bank(folder: Path) -> None:
    run("reproduce", "ncl-1", "f.h5", "-q")
    found, _ = load_all(folder / "results")
    assert {(one["norm"], one["bank"]["kind"]) for one in found} == {
        ("none", "none"),
        ("ncl", "train"),
    }
    assert all("R@50" in one["metrics"]["t2v"] for one in found)


def test_the_table_reads_what_reproduce_wrote() -> None:
    reproduced = run("reproduce", "ncl-5", "f.h5", "-q", "--format", "csv").out
    rows = run("table", "ncl-5", "--format", "csv").out
    assert sorted(rows.splitlines()) == sorted(reproduced.splitlines())


def test_rows_that_need_a_bank_stay_empty_without_one(folder: Path) -> None:
    write_features(folder / "bare.h5", bank=())
    done = run("reproduce", "ncl-5", "bare.h5")
    assert done.code == 0
    assert "Left empty: Train queries: bare.h5 has no bank of training queries." in done.err
    assert "Test queries (oracle): global, ncl, bank test" in done.out


@pytest.mark.parametrize("name", ["ucofia-14", "norton-1", "modality-structure-8", "norton-8"])
def test_tables_without_a_row_to_run_are_printed_with_the_reasons(name: str) -> None:
    done = run("reproduce", name, "f.h5")
    assert done.code == 0
    assert done.err.count("Left empty: ") == len(published.load(name).rows)
    assert published_part(done.out) == published_part(run("table", name).out)
    could = [row for row in published.load(name).rows if row.measured_by]
    assert all(row.slot in done.out.partition("Left empty: ")[2] for row in could)
    assert not Path("results").exists()


def windowed(made: dict[str, Any]) -> dict[str, Any]:
    """Clips as windows of 16 s, by their places."""
    start = 16.0 * made["video_position"]
    return {**made, "video_start": start, "video_end": start + 16}


SPECS = {
    "norton-1": ("cap-avg", "dtw", "otam"),
    "norton-2": ("cap-avg", "dtw:background=true", "otam:background=true"),
}


@pytest.mark.parametrize("name", SPECS)
def test_rows_of_sequences_are_run_where_the_file_has_sequences(folder: Path, name: str) -> None:
    long = write(folder, windowed(arrays()), "long")
    plan = run("reproduce", name, "long.h5", "--dry-run").out
    for spec in SPECS[name]:
        assert f"  global, {spec}: 196 pairs to score\n" in plan
    assert "long.h5: 5 paragraphs x 5 long videos" in plan
    done = run("reproduce", name, "long.h5", "-q", "--format", "json")
    measured = [one for one in json.loads(done.out) if one["kind"] == "measured"]
    shown = {one["row"].split(" [")[0]: one["value"] for one in measured if one["value"]}
    results = [r for s in SPECS[name] for r in evaluate(long, "global", sequence=s)]
    assert sorted(shown) == [
        f"{kind}: {system}: global, {spec}"
        for kind, spec in zip(("Cap. Avg.", "DTW", "OTAM"), SPECS[name], strict=True)
        for system in ("VideoCLIP (Xu et al., 2021)" if name == "norton-1" else "VideoCLIP",)
    ]
    r1 = [one["value"] for one in measured if one["column"] == "t2v R@1" and one["value"]]
    assert r1 == [one["metrics"]["t2v"]["R@1"] for one in results]
    assert run("reproduce", name, "long.h5", "--dry-run").out.count(": exists") == 3


def test_reproduce_refuses_unknown_tables_and_files() -> None:
    refused("reproduce", "tokenflow-9", says="Unknown table 'tokenflow-9'")
    refused("reproduce", "ncl-5", "missing.h5", says="missing.h5")
