"""Strings of files from strangers, in every field, through every command and format."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_runs import run
from hostile import HOSTILE, cells, everywhere, page, tame, write_hostile_features

from vrbench import published
from vrbench.cli.printing import terminal
from vrbench.runtime.printable import csv_cell, printable

GRID = ("--method", "global", "--norm", "none", "--norm", "ncl", "--bank", "train")


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hostile_features(tmp_path_factory.mktemp("hostile") / "f.h5")


@pytest.fixture(scope="module")
def results(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results as eval wrote them, and the same with every string replaced."""
    folder = tmp_path_factory.mktemp("results") / "r"
    assert run("eval", features, *GRID, "--out", folder).code == 0
    for path in sorted(folder.glob("*.json")):
        values = everywhere(json.loads(path.read_text()))
        values["notes"] = [HOSTILE]
        path.with_name(f"x{path.name}").write_text(json.dumps(values))
    return folder


@pytest.fixture
def folder(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of these results in the current folder; no line is folded."""
    monkeypatch.setattr(terminal, "WIDE", 100_000)
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(results, tmp_path / "r"))


def test_results_in_every_format(folder: Path) -> None:
    found = {name: run("table", "--format", name) for name in ("terminal", "json")}
    found |= {"markdown": run("table"), "latex": run("table", "--format", "latex")}
    found = {name: run("table", "--results", "r", "--format", name) for name in found}
    for name, done in found.items():
        assert done.code == 0, name
        assert "second" in tame(done.out + done.err), name
    json.loads(found["json"].out)
    assert not re.search(r"(?<!\\)<script|(?<!\\)\]\(|(?<!\\)`|(?<!\\)&#", found["markdown"].out)
    rows = [line for line in found["markdown"].out.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert not re.search(r"\\(input|frac)|(?<!\\)\$", found["latex"].out)


def test_results_as_csv(folder: Path) -> None:
    found = cells(run("table", "--results", "r", "--format", "csv").out)
    assert any(cell.startswith("'=cmd") for cell in found)


@pytest.mark.parametrize("name", [*published.names(), *published.extras()])
def test_papers_tables_as_csv(name: str) -> None:
    cells(run("table", name, "--format", "csv").out)


@pytest.mark.parametrize("name", ["csv", "mteb", "model-index"])
def test_exports(name: str, folder: Path) -> None:
    done = run("export", "r", "--format", name, "--out", "made")
    assert done.code == 0
    text = (folder.parent / "made").read_text(encoding="utf-8")
    if name == "csv":
        assert any(cell.startswith("'=cmd") for cell in cells(text))
    assert "forged" in tame(text)


def test_a_page_of_results(folder: Path) -> None:
    (folder / "sims.npz").write_bytes(b"")
    np.savez(folder / "sims.npz", t2v=np.eye(3), norm=HOSTILE)
    (folder / f"{HOSTILE.replace('/', '')[:60]}.svg").write_text("<svg onload='alert(1)'/>")
    done = run("report", "r")
    assert done.code == 0
    tame(done.out + done.err)
    tags = page((folder / "report.html").read_text())
    assert all(str(attrs["src"]).startswith("data:") for tag, attrs in tags if tag == "img")


def test_comparisons(folder: Path, features: Path) -> None:
    for words in (("--features", features), ()):
        done = run("compare", "r", "--draws", "39", *words)
        assert done.code in (0, 2)
        tame(done.out + done.err)
    own = sorted(path for path in folder.glob("*.json") if not path.name.startswith("x"))
    shown = run("compare", *own, "--features", features, "--draws", "39")
    assert shown.code == 0
    assert "second" in tame(shown.out)
    tame(run("compare", *own, "--features", features, "--draws", "39", "--json").out)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "words",
    [
        ("eval", "F", *GRID, "--overwrite", "-v"),
        ("eval", "F", *GRID, "--overwrite", "--json"),
        ("eval", "F", *GRID, "--dry-run"),
        ("eval", "F", *GRID, "--out", "r"),
        ("inspect", "F"),
        ("inspect", "F", "--json"),
        ("show", "--features", "F", "--bank", "train"),
        ("show", f"{HOSTILE}0", "--features", "F", "--bank", "train"),
        ("show", f"{HOSTILE}0", "--features", "F", "--bank", "train", "--json"),
        ("show", "nobody", "--features", "F"),
        ("tune", "F", "--norm", "ncl"),
        ("reproduce", "ncl-5", "--features", "F"),
        ("task", "qa", "F"),
        ("task", "ordering", "F"),
        ("task", "classification", "F"),
        ("list",),
    ],
)
def test_feature_files(features: Path, words: tuple[str, ...]) -> None:
    done = run(*(features if word == "F" else word for word in words))
    tame(done.out + done.err)
    for path in Path().rglob("*"):
        assert re.fullmatch(r"[\w.+-]+", path.name, re.ASCII), path
        assert not path.name.startswith((".", "-"))


def test_similarity_files(folder: Path) -> None:
    ids = np.array([f"{HOSTILE}{i}" for i in range(4)])
    sim = Path(HOSTILE.replace("/", "")[:60] + ".npz")
    np.savez(sim, t2v=np.random.default_rng(0).normal(size=(4, 4)), text_ids=ids, video_ids=ids)
    for words in (
        ("audit", sim),
        ("audit", sim, "--json"),
        ("eval", "--from-sim", sim),
        ("eval", "--from-sim", sim, "--norm", "ncl", "--bank", "test", "--dry-run"),
        ("show", "--from-sim", sim, "--bank", "test"),
        ("plot", "ranks", "--from-sim", sim, "--norm", "ncl", "--bank", "test"),
    ):
        done = run(*words)
        assert done.code == 0, done.err
        tame(done.out + done.err)
    written = [path for path in Path("results").iterdir() if path.suffix != ".svg"]
    assert all(re.fullmatch(r"[A-Za-z0-9][\w.+-]*", path.name, re.ASCII) for path in written)
    refused = run("eval", "--from-sim", sim, "--run", "trec", "--overwrite")
    assert refused.code == 2
    assert "cannot stand in a TREC file" in tame(refused.err)
    np.savez(sim, t2v=np.eye(3), norm=HOSTILE)
    for command in (("audit", sim), ("eval", "--from-sim", sim, "--norm", "ncl")):
        done = run(*command)
        tame(done.out + done.err)


def test_ids_of_control_characters_alone_cannot_stand_in_trec_files(tmp_path: Path) -> None:
    ids = ["a\x1b[31m", "b\u202e"]
    np.savez(tmp_path / "s.npz", t2v=np.eye(2), text_ids=ids, video_ids=ids)
    words = ("--from-sim", tmp_path / "s.npz", "--run", tmp_path / "t", "--out", tmp_path / "r")
    done = run("eval", *words)
    assert done.code == 2
    assert "control characters" in tame(done.err)


@pytest.mark.parametrize("figure", ["links", "hubs", "probability-sums", "modalities"])
def test_numbers_and_pictures_of_figures(features: Path, tmp_path: Path, figure: str) -> None:
    words = ("--method", "global", "--norm", "ncl", "--bank", "train", "--out", tmp_path)
    done = run("plot", figure, features, *words)
    assert done.code == 0, done.err
    tame(done.out)
    for path in tmp_path.glob("*.csv"):
        cells(path.read_text())
    for path in tmp_path.glob("*.svg"):
        tame(path.read_text())


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        *((number, number) for number in ("-1.5", "+2.1", "-3e-05", "0", "-.5", "+1.", "1.5")),
        ("=1+1", "'=1+1"),
        ("+ ours", "'+ ours"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("-inf", "'-inf"),
        ("a=1", "a=1"),
        (-1.5, -1.5),
        (None, None),
    ],
)
def test_cells_of_csv(cell: object, expected: object) -> None:
    assert csv_cell(cell) == expected


def test_text_without_control_characters_is_kept() -> None:
    kept = ("naïve 你好 👩‍👩‍👧", "שלום", "0.5*global+0.5*tokenflow:lam=5", "")
    assert printable(kept) == kept
