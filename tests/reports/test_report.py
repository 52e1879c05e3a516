"""The page of a results folder: what is on it, that it stands alone, and that it works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from small_features import write_features
from typer.testing import CliRunner

import vrbench
import vrbench.results
from vrbench import InputError
from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.reports.page import report

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> str:
    """A real browser; skips the test where there is none and none is insisted on."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    if os.environ.get("VRBENCH_REQUIRE_BROWSER"):
        pytest.fail("no Chromium is installed, and VRBENCH_REQUIRE_BROWSER asks for one")
    pytest.skip("needs Chromium")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of four systems, a similarity file and a figure."""
    path, out = write_features(tmp_path / "f.h5"), tmp_path / "r"
    vrbench.evaluate(path, ["global", "max-avg"], ["none", "ncl"], out=out)
    sim = vrbench.score(*(getattr(vrbench.open(path), side) for side in ("text", "video")))
    owner = vrbench.open(path).text_video
    np.savez(out / "sims.npz", t2v=sim.t2v, v2t=sim.v2t, text_video=owner)
    (out / "dots.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>')
    return out


@pytest.mark.slow
def test_the_page_has_every_result_test_audit_and_figure(folder: Path) -> None:
    assert report(folder, folder / "p.html") == []
    page = (folder / "p.html").read_text()
    assert page.count("<td>max-avg</td>") == 4  # two norms, two directions
    assert page.count("-&gt;") == 6 * 5 * 2
    assert "Audit of sims.npz" in page
    assert "sort-and-subtract" in page
    assert page.count("data:image/svg+xml;base64,") == 1


def test_the_papers_tables_that_the_results_fill_are_on_it(folder: Path) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    shown = re.findall(r"<summary>([a-z-]+-\d+):", page)
    # Max-avg beside the baseline, and ncl with a training bank beside none.
    assert {"tokenflow-5", "ncl-5"} <= set(shown)
    assert page.count("<h3>Measured here") == len(shown)
    assert not {"norton-1", "modality-structure-1"} & set(shown)
    assert "Train queries: global, ncl, bank train" in page
    assert page.index("<summary>ncl-5") < page.index("Audit of")


def test_the_page_stands_alone(folder: Path) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    assert not re.search(r'(src|href)\s*=\s*"(?!data:)', page)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", page)


def test_what_is_no_result_is_said_and_nothing_is_refused(tmp_path: Path, folder: Path) -> None:
    (folder / "x.json").write_text("{}")
    done = CliRunner().invoke(app, ["report", str(folder)])
    assert done.exit_code == 0
    assert "x.json is not a result; left out" in done.stderr
    assert (folder / "report.html").is_file()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no result"):
        report(tmp_path / "empty", tmp_path / "p.html")
    assert not (tmp_path / "p.html").exists()


def test_a_browser_shows_it_without_network_and_sorts(folder: Path, browser: str) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    clicks = """<script>
      const table = document.querySelector("table"), heads = [...table.querySelectorAll("button")];
      const at = heads.findIndex(head => head.textContent === "MnR");
      const seen = () => [...table.tBodies[0].rows].map(row => row.cells[at].dataset.value);
      const result = [];
      for (const _ of [1, 2]) { heads[at].click(); result.push(seen().join(" ")); }
      heads[1].click();
      result.push([...table.tBodies[0].rows].map(row => row.cells[1].innerText).join(" "));
      const loaded = [...document.images].every(image => image.naturalWidth > 0);
      document.title = [...result, loaded].join("|");
    </script></body>"""
    (folder / "clicked.html").write_text(page.replace("</body>", clicks))
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            "--host-resolver-rules=MAP * ~NOTFOUND",
            *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"),
            (folder / "clicked.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Uncaught" not in done.stderr
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None
    down, up, methods, loaded = title[1].split("|")
    values = [float(value) for value in down.split()]
    results = [vrbench.results.load(path) for path in sorted(folder.glob("*.json"))]
    assert values == sorted((r["metrics"]["t2v"]["MnR"] for r in results), reverse=True)
    assert [float(value) for value in up.split()] == values[::-1]
    assert methods == "max-avg max-avg global global"
    assert loaded == "true"
