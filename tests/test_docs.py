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
from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.figures import figures
from vrbench.importing.to_features import import_arrays

DOCS = Path(__file__).parents[1] / "docs"


def test_every_figure_has_its_picture_command_and_sentence() -> None:
    page = (DOCS / "figures.md").read_text(encoding="utf-8")
    names = list(figures.classes())
    shown = re.findall(
        r'^<img src="figures/(\S+)\.png" alt="\1" width="322" align="right">$', page, re.M
    )
    assert shown == names == list(SEEN)
    assert re.findall(r"^vrbench plot (\S+) ", page, re.M) == names
    pictures = sorted((DOCS / "figures").glob("*.png"))
    assert [path.stem for path in pictures] == sorted(names)
    assert all(path.stat().st_size < 220_000 for path in pictures)


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
    rows = [" ".join(line.split()) for line in printed.splitlines() if line.startswith(" global")]
    shown = {" ".join(line.split()) for line in page.splitlines()}
    assert len(rows) == 4
    assert set(rows) <= shown


@pytest.mark.parametrize(
    ("file", "example", "direction"),
    [
        ("clip_vitb32_memorylens290.npz", "Example 1", "v2t"),
        ("clip_vitb16_coco_val500.npz", "Example 2", "t2v"),
    ],
)
def test_the_guide_to_audits_shows_what_an_audit_prints(
    file: str, example: str, direction: str, shared_data: Path, tmp_path: Path
) -> None:
    features = import_arrays(shared_data / "embeddings" / file, tmp_path / "f.h5")
    sims = tmp_path / "sims.npz"
    for words in (
        ["eval", str(features), "--method", "global", "--save-sim", str(sims), "--out"],
        ["audit", str(sims)],
    ):
        words += [str(tmp_path)] * (words[-1] == "--out")
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.stderr
    title = {"t2v": "Text to video", "v2t": "Video to text"}[direction]
    printed = [line.split() for line in done.stdout.partition(title)[2].splitlines()]
    guide = (DOCS / "audit.md").read_text(encoding="utf-8")
    block = guide.partition(example)[2].partition("```\n")[2].partition("\n```")[0]
    rows = [line.split() for line in block.splitlines() if re.match(r"  [a-z].* \d+\.\d", line)]
    assert len(rows) >= 4
    for row in rows:
        # the last column is shortened in the guide
        numbers = max(i for i, word in enumerate(row[:10]) if re.match(r"[\d.]+\*?$", word)) + 1
        assert row[:numbers] in [line[:numbers] for line in printed], row
