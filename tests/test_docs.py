"""The pages of docs/ belong to the program as it is: figures, commands and a first output."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docs import example
from docs.__main__ import PAGES
from docs.figures_text import SEEN
from vrbench.cli import commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.figures import figures

DOCS = Path(__file__).parents[1] / "docs"


def test_every_figure_has_its_picture_command_and_sentence() -> None:
    page = (DOCS / "figures.md").read_text(encoding="utf-8")
    names = list(figures.classes())
    assert re.findall(r"^!\[(.*?)\]\(figures/.*\.png\)$", page, re.M) == names == list(SEEN)
    assert re.findall(r"^vrbench plot (\S+) ", page, re.M) == names
    pictures = sorted((DOCS / "figures").glob("*.png"))
    assert [path.stem for path in pictures] == sorted(names)
    assert all(path.stat().st_size < 60_000 for path in pictures)


def test_every_page_made_is_there_and_its_links_lead_somewhere() -> None:
    assert {f"{name}.md" for name in PAGES} <= {path.name for path in DOCS.glob("*.md")}
    for page in (*DOCS.glob("*.md"), DOCS.parent / "README.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_example_has_all_steps_of_the_program() -> None:
    page = (DOCS / "example.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\$ (.*)$", page, re.M)
    assert shown == [line for _, _, lines in example.STEPS for line, _ in lines]
    used = {shlex.split(line)[1] for line in shown if line.startswith("vrbench ")}
    assert used >= {"eval", "reproduce", "table", "audit", "compare", "show", "plot", "report"}


def test_a_published_table_of_the_example_is_what_is_printed() -> None:
    spec = "table --system HiT --format terminal"
    page = (DOCS / "example.md").read_text(encoding="utf-8")
    block = page.partition(f"$ vrbench {spec}\n")[2].partition("\n```")[0]
    printed = CliRunner().invoke(app, shlex.split(spec)).stdout
    assert [line.rstrip() for line in printed.rstrip().splitlines()] == block.splitlines()


def test_the_first_table_of_the_example_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "example.md").read_text(encoding="utf-8")
    spec = "eval --method global --norm none --norm ncl -q"
    printed = CliRunner().invoke(app, shlex.split(spec)).stdout
    rows = [" ".join(line.split()) for line in printed.splitlines() if line.startswith("  global")]
    shown = {" ".join(line.split()) for line in page.splitlines()}
    assert len(rows) == 4
    assert set(rows) <= shown
