from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import paper_texts
import pytest

from vrbench import published
from vrbench.published import Cell, Claim, Column, PublishedTable, Row
from vrbench.published.conflicts import conflicts, sentences
from vrbench.tables.claims import better, contradictions, gain_label

# Claims that the cells do not bear out: the papers' own slips, each listed.
SLIPS = {
    "modality-structure-5": ["32.1 stands against 33.1", "26 stands against 25.5"],
    "modality-structure-7": ["34.5 stands against 34.7"],
    "modality-structure-3": ["in t2v MdR 10 stands against 10 (visual CLIP, text CLIP: EAO [13])"],
    "ncl-2": ["22.97 %", "in t2v MdR 2 stands against 2 (CLIP4Clip"],
    "ncl-3": ["80.7 stands against 81.2"],
    "norton-1": ["97.7 stands against 97.9"],
    "norton-2": [
        *("94.7 stands against 94.7", "97.7 stands against 98.9", "97.7 stands against 98.9")
    ],
    "norton-3": ["64.1 stands against 64.5"],
    "norton-7": ["94.4 stands against 94.7 (E: FNE", "94.4 stands against 94.6 (D: FNE"],
    "tokenflow-1": ["81.5 stands against 81.6", "13.6 stands against 13.3"],
    "tokenflow-2": ["76.1 stands against 76.8"],
    "tokenflow-4": ["96 stands against 96.7", "96.5 stands against 96.7"],
    "tokenflow-6": ["96 stands against 96.7"],
    "ucofia-9": ["13.3 stands against 12.9"],
}


@pytest.mark.parametrize("name", published.names())
def test_claims_hold_but_where_listed(name: str) -> None:
    found = contradictions(published.load(name))
    slips = SLIPS.get(name, [])
    assert len(found) == len(slips)
    for sentence, slip in zip(found, slips, strict=True):
        assert slip in sentence


def test_every_paper_has_claims_and_their_rows_and_columns_exist() -> None:
    tables = [published.load(name) for name in published.names()]
    assert {table.cite for table in tables if table.claims} == {table.cite for table in tables}
    for table in tables:
        rows, columns = ({one.label for one in part} for part in (table.rows, table.columns))
        for claim in table.claims:
            assert claim.where
            assert claim.text
            assert {claim.row, *claim.over} <= rows
            assert set(claim.columns) <= columns
            assert not claim.gain or len(claim.columns) == 1


def plain(text: str) -> str:
    text = re.sub(r"</?\w+>|[*$]|UCOFIA|UCoFIA", "", text)
    text = re.sub(r"\\lambda_\{(\w+)\}", r"λ_\1", text).replace(r"\alpha", "\u03b1")
    return re.sub(r"[\s-]+", "", text)


@pytest.mark.parametrize("name", published.names())
def test_claims_are_the_papers_own_words(name: str, shared_papers: Path) -> None:
    paper = plain(paper_texts.text(shared_papers, name.rpartition("-")[0]))
    for claim in published.load(name).claims:
        assert plain(claim.text) in paper


@pytest.mark.parametrize("name", published.names())
def test_every_cell_agrees_with_a_second_reading_of_the_paper(
    name: str, shared_papers: Path
) -> None:
    cells = [
        [f"*{cell.text}*" if cell.best else cell.text for cell in row.cells if cell.text]
        for row in published.load(name).rows
    ]
    assert cells == paper_texts.read(shared_papers, name)


TABLE = PublishedTable(
    name="p-1",
    title="",
    source="P, Table 1",
    cite="P",
    dataset="D",
    split="",
    columns=(Column("t2v", "R@1", "percent"), Column("t2v", "MdR", "rank")),
    rows=(
        Row("A", "A", (Cell(40.0, "40.0"), Cell(3.0, "3"))),
        Row("B", "B", (Cell(50.0, "50.0"), Cell(4.0, "4"))),
        Row("C", "C", (Cell(None, "-"), Cell(4.0, "4"))),
        Row("D", "D", (Cell(90.0, "90.0"), Cell(1.0, "1")), setting="easier"),
    ),
)


@pytest.mark.parametrize(
    ("claim", "failed"),
    [
        (Claim("here", "t", "B", columns=("t2v R@1",)), ""),
        (Claim("here", "t", "B"), "in t2v MdR 4 stands against 3 (A)"),
        (Claim("here", "t", "B", over=("C",)), ""),
        (Claim("here", "t", "B", over=("C",), strict=True), "MdR 4 stands against 4 (C)"),
        (Claim("here", "t", "B", ("A",), ("t2v R@1",), strict=True), ""),
        (Claim("here", "t", "B", ("A",), ("t2v R@1",), "10"), ""),
        (Claim("here", "t", "B", ("A",), ("t2v R@1",), "10.1"), "the cells give 10.00"),
        (Claim("here", "t", "B", ("A",), ("t2v R@1",), ">10"), "the cells give 10.00"),
        (Claim("here", "t", "B", ("A",), ("t2v R@1",), "25", relative=True), ""),
        (Claim("here", "t", "B", ("A",), ("t2v R@1",), "24", relative=True), "give 25.00 %"),
        (Claim("here", "t", "A", ("B",), ("t2v MdR",), "1"), ""),
        (Claim("here", "t", "B", ("A",), ("t2v MdR",), "1"), "the cells give -1.00"),
    ],
)
def test_a_claim_is_held_against_the_cells(claim: Claim, failed: str) -> None:
    found = contradictions(replace(TABLE, claims=(claim,)))
    assert len(found) == bool(failed)
    start = f'Here says "t"; {claim.row}: '
    assert not failed or (found[0].startswith(start) and failed in found[0])


@pytest.mark.parametrize(
    ("metric", "unit", "more"),
    [
        ("R@5", "percent", True),
        ("MnR", "rank", False),
        ("retrieved once", "percent of videos", True),
        ("never retrieved", "percent of videos", False),
        ("normalization error", "1", False),
        ("Accuracy", "percent", True),
        ("Time", "minutes", False),
    ],
)
def test_what_is_better_is_in_the_table_of_metrics_else_by_the_unit(
    metric: str, unit: str, more: bool
) -> None:
    column = Column("", metric, unit)
    assert better(column, 2, 1) == more
    assert better(column, 1, 2) != more
    assert not better(column, 1, 1)


@pytest.mark.parametrize(("row", "others"), [("B", "A"), ("C", "T"), ("F", "DE"), ("J", "G")])
def test_what_norton_says_of_its_ablations_is_held_against_them(row: str, others: str) -> None:
    claims = published.load("norton-7").claims
    over = {other[0] for one in claims if one.row[0] == row for other in one.over}
    assert over == set(others)


def test_a_gain_without_a_named_rival_is_over_the_rows_of_its_setting() -> None:
    assert gain_label(TABLE, Claim("here", "t", "B", gain="1")) == "B over A, C"


def test_conflicts_between_papers_are_the_known_ones() -> None:
    found = {(one.system, one.where, one.measure): one for one in conflicts()}
    assert {key[:2] for key in found} == {
        ("CLIP4Clip", "ActivityNet"),
        ("CLIP4Clip", "MSR-VTT"),
        ("HiT", "MSR-VTT"),
        ("MMT", "ActivityNet"),
        ("Support-Set", "MSR-VTT"),
        ("VideoCLIP", "YouCookII, clip-caption"),
        ("VideoCLIP", "YouCookII, video-paragraph, background removed, OTAM"),
    }
    r1 = found["CLIP4Clip", "MSR-VTT", "t2v R@1"]
    assert r1.readings == (("43.1", ("ncl-3",)), ("44.5", ("tokenflow-1", "ucofia-9")))
    assert r1.tables == {"ncl-3", "tokenflow-1", "ucofia-9"}
    activity = {key[2] for key in found if key[:2] == ("CLIP4Clip", "ActivityNet")}
    assert activity == {"t2v R@50", "t2v MnR", "v2t R@10"}  # and no t2v R@10 of 98.2
    v2t = found["CLIP4Clip", "ActivityNet", "v2t R@10"].readings
    assert [text for text, _ in v2t] == ["80.6", "85.8"]
    otam = found["VideoCLIP", "YouCookII, video-paragraph, background removed, OTAM", "t2v R@1"]
    assert [text for text, _ in otam.readings] == ["78.67", "52.8"]


def test_numbers_that_differ_by_rounding_are_no_conflict() -> None:
    # DTW 55.96 in the thread, 56.0 in Norton's Table 1
    assert not any("DTW" in one.where for one in conflicts())


def test_a_conflict_is_one_sentence_for_a_system_and_place() -> None:
    lines = [line for line in sentences(conflicts()) if "HiT" in line]
    assert lines == [
        "The tables differ about HiT on MSR-VTT: v2t R@10 75.0 (ncl-3), 74.1 (ucofia-9)."
    ]
