from __future__ import annotations

from csv import DictReader
from io import StringIO

import pytest

from vrbench import published
from vrbench.errors import InputError
from vrbench.tables.formats import csv, markdown
from vrbench.tables.systems import system_table


def records(name: str) -> list[dict[str, str]]:
    return list(DictReader(StringIO(csv(system_table(name)))))


@pytest.mark.parametrize("name", ["CLIP4Clip", "Multi-SK", "VideoCLIP", "Norton"])
def test_every_published_number_of_a_system_is_there_once(name: str) -> None:
    expected = sorted(
        (table.name, column.measure, str(cell.value))
        for table, row, column, cell in published.cells()
        if row.system == name and cell.value is not None
    )
    found = sorted((r["table"], r["column"], r["value"]) for r in records(name) if r["value"])
    assert found == expected
    assert all(record["source"] for record in records(name))


@pytest.mark.parametrize(
    ("printed", "system"),
    [("MMFT", "EAO"), ("SSB", "Support-Set"), ("frozen", "Frozen"), ("HT100M", "HowTo100M")],
)
def test_a_system_is_found_by_every_name_that_a_paper_prints(printed: str, system: str) -> None:
    assert system_table(printed) == system_table(system)


def test_numbers_of_one_test_set_and_setting_stand_together() -> None:
    table = system_table("EAO")
    assert [section.heading for section in table.sections] == [
        "HMDB51, zero-shot",
        "UCF101, zero-shot",
        "MSVD, zero-shot",
        "MSR-VTT, zero-shot, visual CLIP, text word2vec",
        "MSR-VTT, zero-shot, visual CLIP, text CLIP",
        "MSR-VTT, zero-shot, text-video only",
        "YouCookII, clip-caption",
        "MSR-VTT",
        "MSR-VTT, zero-shot",
    ]
    assert table.notes == ("No two tables differ about it.",)


def test_conflicts_are_said() -> None:
    text = markdown(system_table("CLIP4Clip"))
    assert "t2v R@1 43.1 (ncl-3), 44.5 (tokenflow-1, ucofia-9)" in text
    assert "v2t R@10 80.6 (ncl-1, ncl-5), 85.8 (ucofia-10)" in text


def test_an_unknown_system_is_one_sentence_with_a_hint() -> None:
    with pytest.raises(InputError, match=r"has a system 'CLIP4Clp'. Did you mean 'CLIP4Clip'"):
        system_table("CLIP4Clp")


def test_notes_say_what_the_tables_say_of_the_system() -> None:
    notes = system_table("CLIP4Clip").notes
    assert any("their t2v R@50 is printed under the head R@10" in note for note in notes)
    assert any("NCL's v2t R@10 of 80.6" in note for note in notes)
    own = system_table("TokenFlow").notes  # "TokenFlow's Table 1" is a table, not the system
    assert not any("of CE, MMT, Frozen" in note for note in own)
    assert not any(note.startswith("ucofia-10: Support set") for note in notes)
