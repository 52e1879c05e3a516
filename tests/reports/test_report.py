"""The page of a results folder: what is on it, that it stands alone, and that it works."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from small_features import write_features
from typer.testing import CliRunner

import vrbench
import vrbench.results
from vrbench import InputError
from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.reports.page import report
from vrbench.results.labels import DIRECTION_NAMES

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
    assert len(re.findall("<th scope=row>[a-d]: max-avg</th>", page)) == 4  # 2 norms, 2 directions
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
    assert page.index("<summary>ncl-5") < page.index(">Audit of sims.npz</h2>")


def test_the_page_stands_alone(folder: Path) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    assert not re.search(r'src\s*=\s*"(?!data:)', page)
    assert not re.search(r'href\s*=\s*"(?!data:|#part-)', page)
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


def shown(page: str, folder: Path, browser: str, dark: bool) -> dict[str, dict[str, Any]]:
    """What a browser makes of the page at each width, without network."""
    frames = "".join(
        f'<iframe data-width={width} style="width:{width}px;height:900px;border:0" '
        f'srcdoc="{html.escape(page)}"></iframe>'
        for width in WIDTHS
    )
    measure = """<script>onload = () => {
      const found = {};
      for (const frame of document.querySelectorAll("iframe")) {
        const page = frame.contentDocument, top = page.documentElement;
        page.querySelectorAll("details").forEach(one => one.open = true);
        const wide = [...page.querySelectorAll(".wide")];
        const scrolls = wide.filter(one => one.scrollWidth > one.clientWidth);
        const stays = scrolls.every(one => {
          const cell = one.querySelector("tbody th"), before = cell.getBoundingClientRect().x;
          one.scrollLeft = 60;
          return one.scrollLeft > 0 && Math.abs(cell.getBoundingClientRect().x - before) < 1;
        });
        const style = one => page.defaultView.getComputedStyle(one);
        const table = page.querySelector("table"), body = table.tBodies[0];
        found[frame.dataset.width] = {
          over: top.scrollWidth - top.clientWidth,
          scripts: page.scripts.length,
          loaded: [...page.images].every(image => image.naturalWidth > 0),
          scrolls: scrolls.length, stays: stays,
          hint: style(page.querySelector(".hint")).display,
          back: style(page.body).backgroundColor, text: style(page.body).color,
          columns: [...body.rows[0].cells].map((_, i) => [...new Set([...body.rows].map(
            row => style(row.cells[i]).textAlign))].join()),
        };
      }
      document.title = JSON.stringify(found);
    }</script>"""
    (folder / "frames.html").write_text(f"<!doctype html><body>{frames}{measure}</body>")
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1500,2000"),
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"),
            (folder / "frames.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Uncaught" not in done.stderr
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None
    return dict(json.loads(html.unescape(title[1])))


WIDTHS = ("1400", "420")


def test_a_browser_shows_it_at_both_widths_by_day_and_night(folder: Path, browser: str) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    day, night = (shown(page, folder, browser, dark) for dark in (False, True))
    for found in (*day.values(), *night.values()):
        assert found["over"] <= 0  # tables scroll, the page does not
        assert found["scripts"] == 0
        assert found["loaded"]
        assert found["stays"]
        assert set(found["columns"][3:]) == {"right"}
    assert day["420"]["scrolls"] > 3
    assert [day[width]["hint"] for width in WIDTHS] == ["none", "block"]
    assert day["420"]["back"] == "rgb(255, 255, 255)"
    assert night["420"]["back"] == "rgb(23, 25, 28)"
    assert day["420"]["text"] != night["420"]["text"]


def test_there_is_no_script_and_nothing_that_runs_one(folder: Path) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    tags = re.findall(r"<[a-zA-Z][^>]*>", page)
    assert not [tag for tag in tags if re.search(r"<script|\son\w+=|javascript:", tag, re.I)]


def test_the_contents_lead_to_every_part(folder: Path) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    links = re.findall(r'<li><a href="#(part-\d+)">(.*?)</a></li>', page)
    headings = re.findall(r'<h2 id="(part-\d+)">(.*?)</h2>', page)
    assert links == headings
    assert [text for _, text in links][-2:] == ["Audit of sims.npz", "Figures"]
    assert len(dict(links)) == len(links) == 4


def rows_of(page: str, heading: str) -> list[list[str]]:
    """The rows of the table below a heading, as text."""
    table = page.partition(f">{heading}</h3>")[2].partition("</table>")[0].partition("<tbody>")[2]
    return [
        [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table)
    ]


def test_tables_and_tests_have_the_numbers_of_the_terminal(folder: Path) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    printed = run("compare", folder, "--top", "0").out
    for direction in ("Text to video", "Video to text"):
        below = printed.partition(f"{direction}:")[2].splitlines()
        expected = [line.split() for line in below[4 : 4 + 6 * 5]]
        rows = rows_of(page, f"Paired tests, {direction.lower()}")
        assert len(rows) == 6 * 5
        for row, line in zip(rows, expected, strict=True):
            words = " ".join(row).split()
            assert words[0 if line[1] == "->" else 3 :] == line


def test_the_best_is_bold_and_the_change_is_as_eval_prints_it(folder: Path) -> None:
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    results = [vrbench.results.load(path) for path in sorted(folder.glob("*.json"))]
    for direction, title in DIRECTION_NAMES.items():
        rows = rows_of(page, title)
        assert [row[0].partition(": ")[0] for row in rows] == list("abcd")
        below = page.partition(f">{title}</h3>")[2].partition("</table>")[0]
        heads = re.findall(r"<th scope=col[^>]*>(.*?)</th>", below)
        bold = re.findall(r'<td class="number best">(.*?)</td>', below)
        for name, sign in (("R@1", 1), ("R@5", 1), ("MdR", -1), ("MnR", -1)):
            values = [sign * one["metrics"][direction][name] for one in results]
            top = f"{abs(max(values)):.1f}"
            assert top in bold, (name, top)
        assert heads[-2:] == ["+R@1", "p"]
        for row, one in zip(rows, results, strict=True):
            change = one.values.get("change")
            if one.norm == "none":
                assert row[-2:] == ["", ""]
            else:
                assert change is not None
                assert row[-2] == f"{change[direction]['R@1']:+.1f}"


def test_figures_say_what_they_are_of(folder: Path) -> None:
    vrbench.plot("hubs:top=3", folder.parent / "f.h5", "global", "ncl", out=folder)
    vrbench.plot("ranks", folder.parent / "f.h5", "global", "ncl", out=folder, format="png")
    maker = "<dc:title>Matplotlib v3.9.0, https://matplotlib.org/</dc:title>"
    dots = (folder / "dots.svg").read_text()
    (folder / "dots.svg").write_text(dots.replace("<circle", f"{maker}<circle"))
    report(folder, folder / "p.html")
    page = (folder / "p.html").read_text()
    part = page.partition(">Figures</h2>")[2]
    assert re.findall(r"<h3>(.*?)</h3>", part) == ["dots", "Hubs", "Ranks"]
    notes = re.findall(r"<p class=note>(.*?)</p>", part)
    assert notes[0] == "File: dots.svg"
    of = r"small, 11 texts x 8 videos, global, ncl, bank train\. File: "
    for note, kind in zip(notes[1:], ("hubs", "ranks"), strict=True):
        assert re.fullmatch(rf"{of}{kind}-.*\.(svg|png)", note)
