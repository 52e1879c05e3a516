"""What published cells and rows are numbers of, and the notes that say so."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from printed_cells import OTHER_HEADS, column_of, value

from vrbench import published


@pytest.mark.parametrize("name", OTHER_HEADS)
def test_a_cell_is_of_the_measure_that_it_holds_and_the_head_is_a_note(name: str) -> None:
    at_10, at_50 = column_of(name, "t2v R@10"), column_of(name, "t2v R@50")
    assert {bool(at_10[row].text) + bool(at_50[row].text) for row in at_10} == {1}
    assert any(
        f"printed under the head {OTHER_HEADS[name].removeprefix('t2v ')}" in note
        for note in published.load(name).notes
    )


def test_what_ucofia_prints_under_10_is_ncl_s_recall_at_50() -> None:
    at_50, theirs = column_of("ncl-1", "t2v R@50"), column_of("ucofia-10", "t2v R@50")
    shown = {system: cell.value for system, cell in theirs.items() if cell.text}
    assert len(shown) == 5
    for system, number in shown.items():
        assert number == pytest.approx(at_50[system].value, abs=0.11)
    assert value("ucofia-10", "UCoFIA(ours)", "t2v R@10") == 86.6


def test_what_ncl_4_prints_under_50_is_recall_at_10_but_on_activitynet() -> None:
    at_10, at_50 = column_of("ncl-4", "t2v R@10"), column_of("ncl-4", "t2v R@50")
    assert [key for key, cell in at_50.items() if cell.text] == [
        "ActivityNetSupport-Set",
        "ActivityNetSupport-Set + NCL",
    ]
    assert at_10["MSR-VTTSupport-Set"] == column_of("ucofia-9", "t2v R@10")["Support-Set"]


def test_rows_say_what_the_papers_say_of_their_measurement() -> None:
    slots = {
        (table.name, row.slot): row.measured_by
        for table, row, _, _ in published.cells()
        if row.measured_by is not None
    }
    for (name, label), slot in slots.items():
        if label == "TokenFlow (Ours)":  # Section 3.3.2
            assert slot.method == "0.5*global+0.5*tokenflow"
        if slot.norm.startswith("ncl"):  # Appendix C
            assert slot.norm == ("ncl:gamma=0.07" if name == "ncl-4" else "ncl")
    assert [published.load(name).v2t for name in ("ncl-1", "ncl-2", "ncl-4")] == [
        *("", "group-max", "")
    ]
    training = {key: slot.training for key, slot in slots.items() if slot.training}
    assert len(training) == 15
    for (_, label), said in training.items():
        assert (said == "zero-shot") == ("zero-shot" in label or "straight" in label)


SHARED = {
    "weighted sum of the global and the TokenFlow": [f"tokenflow-{i}" for i in range(1, 7)],
    "v2t MdR 5.3 beside an R@5 of 50.3": ["ncl-3", "tokenflow-1", "ucofia-9"],
    "v2t R@10 of 80.6": ["ncl-1", "ncl-5", "ucofia-10"],
    "75.0 may be copied from TT-CE+": ["ncl-3", "ucofia-9"],
    "depend on padding, offset and length": [
        *("norton-1", "norton-2", "norton-7", "tempclr-issue-3")
    ],
    "halves of these two rows are probably swapped": ["ucofia-11"],
    "trained on HowTo100M; a head": [f"norton-{i}" for i in (1, 2, 3, 4, 9)],
    "trained on HowTo100M, with audio": [f"modality-structure-{i}" for i in range(1, 8)],
    "Two protocols are mixed: CLIP's 17.5": ["norton-9"],
}


@pytest.mark.parametrize("words", SHARED)
def test_a_note_stands_under_every_table_that_it_is_about(words: str) -> None:
    tables = map(published.load, (*published.names(), *published.extras()))
    found = [table.name for table in tables if any(words in note for note in table.notes)]
    assert sorted(found) == sorted(SHARED[words])


def test_shared_notes_name_tables_that_exist() -> None:
    for path in Path(published.__file__).parent.glob("*.toml"):
        for note in tomllib.loads(path.read_text(encoding="utf-8")).get("notes", []):
            assert set(note["tables"]) <= {*published.names(), *published.extras()}
            assert len(set(note["tables"])) == len(note["tables"]) > 1


def test_the_halves_that_ucofia_11_swaps_fit_each_other() -> None:
    rows = {
        row.system: [cell.value for cell in row.cells] for row in published.load("ucofia-11").rows
    }
    v2t = rows["TT-CE+"][5:8]
    other, own = rows["Frozen"][:3], rows["TT-CE+"][:3]
    assert all(abs((a or 0) - (b or 0)) < 2 for a, b in zip(v2t, other, strict=True))
    assert all((a or 0) - (b or 0) > 13 for a, b in zip(own, v2t, strict=True))
