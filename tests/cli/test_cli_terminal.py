"""What a person reads: text as it is in the files, and tables of which nothing is cut off."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from cli_runs import run
from hypothesis import given
from hypothesis import strategies as st

from vrbench.cli.printing import terminal
from vrbench.cli.printing.progress import Bars
from vrbench.cli.printing.terminal import TextRow, TextTable, print_text_table
from vrbench.runtime.printable import one_line

DATASET = "my[set] :smile:\x1b[31m\nsecond"
SHOWN = "my[set] :smile:�[31m second"
CAPTIONS = ["[music] a man sings", "a man [/laughs]", "a \x1b[31mred\x07\ncar :car:", "[bold]it"]
PLAIN = ["[music] a man sings", "a man [/laughs]", "a �[31mred� car :car:", "[bold]it"]


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A feature file whose strings look like markup."""
    monkeypatch.chdir(tmp_path)
    video, text = np.random.default_rng(0).normal(size=(2, 4, 8))
    ids = ["[red]v0", "[/]v1", "v2[/x]", "v3"]
    np.savez("a.npz", video=video, text=text, captions=CAPTIONS, video_ids=ids, text_ids=ids)
    done = run("import", "a.npz", "--out", "f.h5", "--dataset", DATASET, "--encoder", "[/e]")
    assert done.code == 0
    return tmp_path / "f.h5"


@pytest.mark.parametrize("query", range(4))
def test_show_prints_captions_and_ids_as_they_are(marked: Path, query: int) -> None:
    id_ = ["[red]v0", "[/]v1", "v2[/x]", "v3"][query]
    words = ("--features", marked, "--method", "global", "--norm", "ncl", "--bank", "test")
    done = run("show", id_, "--direction", "t2v", *words)
    assert done.code == 0
    assert f'Query {id_}: "{PLAIN[query]}"' in done.out
    assert SHOWN in done.out
    assert all(caption in done.out for caption in PLAIN)
    assert not re.search("[\x00-\x09\x0b-\x1f]", done.out)


@pytest.mark.slow
def test_long_ids_leave_room_for_captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video, text = np.random.default_rng(0).normal(size=(2, 4, 8))
    ids = [f"{i}-{'long' * 20}" for i in range(4)]
    np.savez(tmp_path / "a.npz", video=video, text=text, captions=CAPTIONS, video_ids=ids)
    assert run("import", tmp_path / "a.npz", "--out", tmp_path / "f.h5").code == 0
    monkeypatch.setattr(terminal, "WIDE", 80)
    words = ("--features", tmp_path / "f.h5", "--method", "global", "--norm", "none")
    done = run("show", "text0", *words)
    assert "[music] a man" in done.out.partition("caption")[2]


@pytest.mark.slow
def test_every_command_prints_names_as_they_are(marked: Path) -> None:
    words = ("--method", "global", "--norm", "none", "--norm", "ncl", "--bank", "test")
    printed = {"eval": run("eval", marked, *words), "inspect": run("inspect", marked)}
    printed["table"] = run("table", "--format", "terminal")
    printed["markdown"] = run("table")
    printed["compare"] = run("compare", "results", "--features", marked)
    for name, done in printed.items():
        assert done.code == 0, name
        assert SHOWN in done.out, name
        assert not re.search("[\x00-\x09\x0b-\x1f]", done.out), name
    assert any(caption in printed["compare"].out for caption in PLAIN)
    assert "[/e]" in printed["eval"].out
    (first, _) = run("eval", marked, *words, "--json").results
    assert first["dataset"] == DATASET, "files keep what was given"


def test_notes_are_one_line_without_control_characters() -> None:
    done = run("eval", "a\x1b[31m\nb.h5")
    assert done.err.startswith("vrbench: a�[31m b.h5 does not exist")


def test_progress_labels_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    with Bars() as bars:
        bars("f[/x].h5", 1, 2)
    assert "f[/x].h5" in err.getvalue()


def test_text_of_a_file_becomes_one_harmless_line() -> None:
    assert one_line("a\r\n\tb\u2028c") == "a b c"
    assert one_line("\x1b]0;t\x07\x9b1m\u202eabc") == "�]0;t��1m�abc"
    assert one_line("naïve 你好 👩‍👩‍👧") == "naïve 你好 👩‍👩‍👧"


# --- tables


def printed(grid: TextTable, width: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], bool]:
    """Print a grid on a console so wide; return its lines and what ``print_text_table`` does."""
    with monkeypatch.context() as patch:
        stream = io.StringIO()
        patch.setattr("sys.stdout", stream)
        out = terminal.console()
        out.width = width
        whole = print_text_table(out, grid)
    return stream.getvalue().splitlines(), whole


HEADS = ("method", "norm", "bank")
NAMES = [
    ("tokenflow", "none", ""),
    ("0.5*global+0.5*tokenflow:lam=5", "ncl:gamma=0.1,iterations=0", "train 2000 x 1000"),
    ("given similarities", "ncl", "test 476 x 476 (transductive)"),
]
COLUMNS = ("R@1", "R@5", "R@10", "MdR", "MnR", "normalization error", "often", "+R@1", "p")
CELLS = ["10.75", "23.25", "100.00", "31.0", "1095.1", "0.966", "53.95", "+10.0", "<.001"]
GRID = TextTable(HEADS, COLUMNS, [TextRow(names, CELLS) for names in NAMES])


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 200])
def test_no_number_and_no_name_is_cut(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, _ = printed(GRID, width, monkeypatch)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for cell in CELLS:
        assert words.count(cell) == len(NAMES)
    for word in " ".join((*COLUMNS, *(" ".join(names) for names in NAMES))).split():
        assert word in words
    assert not any("…" in line for line in lines)


def test_where_there_is_room_a_row_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, _ = printed(GRID, 200, monkeypatch)
    for names in NAMES:
        (row,) = [line for line in lines if line.split()[:1] == names[0].split()[:1]]
        assert [word for word in row.split() if word in CELLS] == CELLS


def test_what_continues_on_the_next_line_stands_under_its_heading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = [f"{i}.5" for i in range(10, 20)]
    heads = [f"{direction} {name}" for direction in ("t2v", "v2t") for name in "abcde"]
    lines, _ = printed(TextTable(["of"], heads, [TextRow(["x"], cells)]), 32, monkeypatch)
    above, first, below, second = lines[1:5]
    assert above.split() == ["t2v"] * 5
    assert first.split() == second.split() == list("abcde")
    assert below.split() == ["v2t"] * 5
    assert [line.split() for line in lines[-3:-1]] == [cells[:5], cells[5:]]
    assert [first.index(c) for c in "abcde"] == [lines[-3].index(c) + 3 for c in cells[:5]]


def test_a_last_column_of_words_is_left_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [TextRow(["a"], ["1.5"], "many words about it"), TextRow(["b"], ["2.5"], "and more")]
    grid = TextTable(["name"], ["n"], rows, "about")
    lines, whole = printed(grid, 40, monkeypatch)
    assert whole
    assert any("many words about it" in line for line in lines)
    lines, whole = printed(grid, 25, monkeypatch)
    assert not whole
    assert not any("words" in line for line in lines)


@pytest.mark.slow
def test_an_audit_says_its_sources_at_any_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "s.npz", t2v=np.random.default_rng(0).normal(size=(9, 9)))
    sources = {
        row["source"]
        for row in json.loads(run("audit", tmp_path / "s.npz", "--json").out)["rules"]
        if row["t2v"] and row["source"]
    }
    assert sources
    for width in (70, 160):
        monkeypatch.setattr(terminal, "WIDE", width)
        text = " ".join(run("audit", tmp_path / "s.npz").out.split())
        for source in sources:
            assert width == 160 or source in text


@pytest.mark.slow
@given(
    names=st.lists(st.text("ab c", max_size=30), min_size=1, max_size=3),
    cells=st.lists(st.text("0123456789", min_size=1, max_size=9), min_size=1, max_size=12),
    width=st.integers(14, 130),
)
def test_every_cell_is_printed_whole(names: list[str], cells: list[str], width: int) -> None:
    heads = [f"h{i}" for i in range(len(names))]
    columns = [f"c{i} x" for i in range(len(cells))]
    grid = TextTable(heads, columns, [TextRow(names, cells)])
    with pytest.MonkeyPatch.context() as patch:
        lines, _ = printed(grid, width, patch)
    found = [word for line in lines for word in line.split() if word.isdigit()]
    assert found == cells
