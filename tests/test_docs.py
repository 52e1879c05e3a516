"""The pages of docs/ belong to the program as it is: figures, commands and a first output."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_type_hints

import prepared
import pytest
from typer.testing import CliRunner

from docs import consoles, extraction
from docs.__main__ import PAGES, RERUN
from docs.consoles import commands as shown_commands
from docs.consoles import rerun
from docs.figures_numbers import NUMBERS
from docs.levels_words import apart, compared, less_is_better, sampling
from docs.regions import filled
from docs.running import WIDTH
from docs.site.methods import FORMULAS
from docs.site.methods import pages as pages_of_methods
from vrbench.cli import registered  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.cli.catalogue import CATALOGUE, registry_of
from vrbench.features.layout import TYPES
from vrbench.figures import figures
from vrbench.importing.to_features import import_arrays
from vrbench.metrics.values import Numbers
from vrbench.results.schema import ResultDict

INTERNAL = {"error_gamma", "norm_info", "solved", "rank_vectors", "given_norm"}
"""Keys of results that few readers need; the schema explains them."""
DOCS = Path(__file__).parents[1] / "docs"


def test_every_figure_has_its_picture_command_and_sentence() -> None:
    page = (DOCS / "figures.md").read_text(encoding="utf-8")
    names = list(figures.classes())
    shown = re.findall(
        r'^<img src="figures/(\S+)\.png" alt="\1" width="322" align="right">$', page, re.M
    )
    assert shown == names == list(NUMBERS)
    assert re.findall(r"^vrbench plot (\S+) ", page, re.M) == names
    pictures = sorted((DOCS / "figures").glob("*.png"))
    assert [path.stem for path in pictures] == sorted(names)
    assert all(path.stat().st_size < 220_000 for path in pictures)


def test_every_page_made_is_there_and_its_links_lead_somewhere() -> None:
    assert all((DOCS / f"{name}.md").exists() for name in (*PAGES, *RERUN))
    for page in (*DOCS.rglob("*.md"), DOCS.parent / "README.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_layout_that_is_imported_is_listed() -> None:
    page = (DOCS / "extraction.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| (.*) \| (.*) \|$", page.partition("| layout |")[2], re.M)
    known = [(e["name"], e["summary"], e.get("needs", "")) for e in CATALOGUE["layouts"]()]
    assert [tuple(part.strip() for part in row) for row in rows] == known


def test_the_example_has_all_steps_of_the_program() -> None:
    page = (DOCS / "example.md").read_text(encoding="utf-8")
    used = {shlex.split(line)[1] for line in shown_commands(page) if line.startswith("vrbench ")}
    assert used >= {"eval", "reproduce", "table", "audit", "compare", "show", "plot", "report"}


def run_prepared(command: str, folder: Path) -> list[str]:
    """Run a command of a page like ``docs.running``, with the libraries imported already."""
    program, *words = shlex.split(command)
    code = (folder / words[0]).read_text(encoding="utf-8") if program == "python" else None
    done = prepared.vrbench(folder, *words, code=code)
    assert (program in ("python", "vrbench"), done.returncode) == (True, 0), done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own-features", "from-videos"])
def test_a_tutorial_is_what_its_commands_print(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consoles, "run", run_prepared)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    page = (DOCS / "tutorials" / f"{name}.md").read_text(encoding="utf-8")
    made = rerun(page)
    assert len(shown_commands(page)) > 3
    # bytes of a file depend on the version of HDF5, numbers at most in their last place on BLAS
    hidden = re.compile(r"[0-9a-f]{12,}|^[\d.]+ MB|vrbench \d\S*|\d{4}-\d\d-\d\dT\S+", re.M)
    assert hidden.sub("", made) == hidden.sub("", page)


def test_consoles_are_made_anew_from_the_files_of_a_page() -> None:
    page = "**`a.py`**\n\n```python\nfor i in range(5): print(i)\n```\n\n```console\n"
    cut = "$ python a.py\n7\n8\n... (1 more lines)\n$ python a.py\n```\ntext\n"
    shown = "$ python a.py\n0\n1\n... (3 more lines)\n$ python a.py\n0\n1\n2\n3\n4\n```\ntext\n"
    assert rerun(page + cut) == page + shown


def test_numbers_and_tables_of_a_page_are_filled_in_place() -> None:
    page = "R@1 is <!-- made: r1 -->1.0<!-- end -->.\n\n<!-- made: table -->\nold\n<!-- end -->\n"
    new = filled(page, {"r1": "2.0", "table": "|a|\n|b|"})
    table = "<!-- made: table -->\n\n|a|\n|b|\n\n<!-- end -->"
    assert new == f"R@1 is <!-- made: r1 -->2.0<!-- end -->.\n\n{table}\n"
    assert filled(new, {"r1": "2.0", "table": "|a|\n|b|"}) == new
    for values in ({"r1": "2.0"}, {"r1": "2.0", "table": "", "more": ""}):
        with pytest.raises(ValueError, match="not both"):
            filled(page, values)
    with pytest.raises(ValueError, match="begins a line"):
        filled(page.replace("R@1 is ", ""), {"r1": "2.0", "table": ""})


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.stem)
def test_no_line_of_a_page_begins_with_a_made_number(path: Path) -> None:
    """Markdown would take the line for HTML."""
    assert not re.findall(r"^<!-- (?:made: \S+|end) -->.+$", path.read_text("utf-8"), re.M)


@pytest.mark.parametrize("kind", ["methods", "norms", "sequences", "losses"])
def test_every_method_has_its_formula_on_the_site(kind: str) -> None:
    assert set(FORMULAS[kind]) == set(registry_of(kind).classes())


def test_a_formula_with_a_command_that_mathml_lacks_is_refused() -> None:
    mathml = pytest.importorskip("docs.site.mathml").mathml
    for formulas in FORMULAS.values():
        for formula in formulas.values():
            mathml(formula)
    with pytest.raises(ValueError, match="not known"):
        mathml(r"\arg x")


def test_every_page_of_the_repository_is_reached_from_the_site() -> None:
    contents = (DOCS / "site" / "contents.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^[\w/-]+$", contents, re.M))
    pages = {
        f"docs/{path.relative_to(DOCS).with_suffix('').as_posix()}" for path in DOCS.rglob("*.md")
    }
    assert pages - {"docs/site/contents"} <= listed
    made = {f"docs/{name.removesuffix('.md')}" for name, _ in pages_of_methods()}
    assert {page for page in made if page.endswith("/index")} <= listed


def test_the_page_of_files_names_every_dataset_and_key() -> None:
    page = (DOCS / "reference" / "files.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w@-]+)`", page))
    assert set(TYPES) <= named
    keys = {key for kind in (ResultDict, Numbers) for key in get_type_hints(kind)}
    assert keys - INTERNAL <= named


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


def test_rows_are_told_apart_by_their_seeds_only() -> None:
    rows = {"a": [5.0, 5.2, 5.4], "b": [5.1, 5.3, 5.3], "c": [2.0, 2.2, 1.8]}
    assert [(one, other) for one, other, _ in apart(rows)] == [("a", "c"), ("b", "c")]
    said = compared("R@1", rows)
    assert said.startswith("R@1: a is above c (by 3.2); b is above c (by 3.2). No other two rows")
    noise = compared("R@1", {"a": [1.0, 9.0, 5.0], "b": [4.0, 6.0, 5.6]})
    assert noise.startswith("R@1: no row is told apart from another by its seeds; the means lie")
    # all of one are above all of the other, but by less than their own spread leaves open
    assert not apart({"a": [5.0, 9.0, 30.0], "b": [4.0, 4.9, 4.8]})
    assert less_is_better("MnR", rows).startswith("MnR (less is better): a is larger than c")
    assert sampling({"a": [40.0], "b": [60.0]}, 100) == pytest.approx(5)


def test_the_table_of_families_is_as_the_program_has_it() -> None:
    page = (DOCS / "extraction.md").read_text(encoding="utf-8")
    assert extraction.page(DOCS) == page
    assert page.count(extraction.table()) == 1
