from __future__ import annotations

from typing import Any

import pytest
from printed_cells import OTHER_HEADS, value

from vrbench import published
from vrbench.errors import InputError
from vrbench.published import Cell, MeasuredBy

# name: rows, cells that each prints, cells that the paper leaves empty, cells that it marks as best
SHAPES = {
    "modality-structure-1": (2, 2, 0, 0),
    "modality-structure-2": (2, 4, 0, 0),
    "modality-structure-3": (4, 4, 0, 0),
    "modality-structure-4": (5, 4, 0, 0),
    "modality-structure-5": (3, 4, 0, 0),
    "modality-structure-6": (3, 2, 0, 0),
    "modality-structure-7": (2, 4, 0, 0),
    "modality-structure-8": (4, 1, 4, 0),
    "ncl-1": (8, 10, 17, 0),
    "ncl-2": (8, 10, 28, 0),
    "ncl-3": (10, 10, 18, 0),
    "ncl-4": (6, 10, 7, 0),
    "ncl-5": (3, 10, 0, 0),
    "norton-1": (12, 3, 0, 2),
    "norton-2": (9, 3, 0, 0),
    "norton-3": (10, 3, 0, 0),
    "norton-4": (9, 1, 0, 0),
    "norton-5": (14, 3, 0, 0),
    "norton-6": (12, 1, 1, 0),
    "norton-7": (12, 6, 0, 14),
    "norton-8": (7, 2, 0, 0),
    "norton-9": (7, 1, 0, 0),
    "tokenflow-1": (11, 10, 20, 10),
    "tokenflow-2": (8, 4, 1, 4),
    "tokenflow-3": (7, 4, 2, 4),
    "tokenflow-4": (4, 6, 0, 6),
    "tokenflow-5": (7, 4, 0, 4),
    "tokenflow-6": (7, 3, 0, 3),
    "ucofia-9": (14, 10, 19, 0),
    "ucofia-10": (8, 10, 17, 0),
    "ucofia-11": (8, 10, 25, 0),
    "ucofia-12": (2, 3, 0, 0),
    "ucofia-13": (2, 3, 0, 0),
    "ucofia-14": (3, 3, 0, 0),
}
EXTRAS = ["tempclr-issue-3", "ucofia-figure-5", "ucofia-section-1-4"]
UNITS = {"R": "percent", "M": "rank"}


def test_names_are_the_promised_ones_in_order() -> None:
    assert published.names() == list(SHAPES)
    assert len(published.names()) == 34
    assert published.extras() == EXTRAS


@pytest.mark.parametrize("name", SHAPES)
def test_every_row_and_column_is_there(name: str) -> None:
    table = published.load(name)
    rows = [[cell for cell in row.cells if cell.text] for row in table.rows]
    empty = sum(cell.value is None for row in rows for cell in row)
    best = sum(cell.best for row in rows for cell in row)
    [printed] = {len(row) for row in rows}
    assert (len(rows), printed, empty, best) == SHAPES[name]
    assert len(table.columns) == printed + (name in OTHER_HEADS)
    assert {len(row.cells) for row in table.rows} == {len(table.columns)}
    assert len({row.label for row in table.rows}) == len(table.rows)
    assert len({column.label for column in table.columns}) == len(table.columns)


def test_every_cell_says_where_it_stands_and_what_it_is() -> None:
    for table, row, column, cell in published.cells():
        if table.numbered:
            assert table.source == f"{table.cite}, Table {table.name.rpartition('-')[2]}"
        assert table.source.startswith(f"{table.cite}, ")
        assert table.title
        assert row.dataset or column.dataset or table.dataset
        assert row.printed
        assert row.system
        retrieval = column.metric.startswith("R@") or column.metric in ("MdR", "MnR")
        assert not retrieval or column.direction in ("t2v", "v2t")
        assert not retrieval or column.unit == UNITS[column.metric[0]]
        assert column.unit
        if column.unit == "text":
            assert cell.value is None
            assert len(cell.text) > 1
        elif not cell.text:
            assert cell == Cell(None, "")
            assert column.measure in ("t2v R@10", "t2v R@50")
            assert table.name in OTHER_HEADS
        elif cell.value is None:
            assert cell in (Cell(None, "-"), Cell(None, "?"))
        else:
            assert cell.value == float(cell.text)
            assert cell.value > 0
            assert cell.value <= 100 or "percent" not in column.unit
            assert cell.value >= 1 or column.unit != "rank"


@pytest.mark.parametrize(
    ("name", "label", "column", "expected"),
    [
        ("tokenflow-1", "TokenFlow + MD (Ours)", "v2t R@10", 83.7),
        ("tokenflow-1", "JSFusion [30]", "t2v MdR", 13.0),
        ("tokenflow-3", "MMT", "t2v R@50", 94.5),
        ("tokenflow-4", "CLIP-ViT-B/32 (zero-shot) [22] †", "MS-COCO: t2v R@5", 56.0),
        ("tokenflow-5", "Uniform [28]", "t2v R@1", 38.4),
        ("ncl-1", "MMT (Gabeur et al., 2020)", "t2v MdR", 3.3),
        ("ncl-2", "VSE++ (Faghri et al., 2018)", "t2v MdR", 9.0),
        ("ncl-4", "MSVD: SSB + NCL", "v2t MnR", 45.2),
        ("ncl-5", "Test queries (oracle)", "v2t R@5", 76.7),
    ],
)
def test_single_values(name: str, label: str, column: str, expected: float) -> None:
    assert value(name, label, column) == expected


def test_mean_ranks_that_ncl_claims_to_halve() -> None:
    halved = value("ncl-2", "CLIP4Clip (Luo et al., 2021)", "v2t MnR") / 2
    assert value("ncl-2", "NCL (Ours)", "v2t MnR") < halved


def test_orders_that_tokenflow_claims() -> None:
    def order(name: str) -> list[str]:
        rows = {row.printed.split(" ")[0]: row.cells[0].value for row in published.load(name).rows}
        return sorted(rows, key=lambda label: rows[label] or 0, reverse=True)

    on_msvd, on_flickr = order("tokenflow-5"), order("tokenflow-6")
    assert on_msvd[:2] == ["TokenFlow", "CLIP4Clip"]
    assert on_flickr[:2] == ["TokenFlow", "CLIP-ViT-B/32"]
    assert on_msvd.index("SCAN") < on_msvd.index("Max-Avg")
    assert on_flickr.index("Max-Avg") < on_flickr.index("SCAN")


def test_background_does_not_lower_every_recall_of_norton_as_its_text_says() -> None:
    removed = {row.setting + row.system: row.cells for row in published.load("norton-1").rows}
    rises = [
        row.system
        for row in published.load("norton-2").rows
        for kept, before in zip(row.cells, removed[row.setting + row.system], strict=True)
        if kept.value is not None and before.value is not None and kept.value > before.value
    ]
    assert len(rises) == 9
    assert rises.count("VideoCLIP") == 7


def test_rows_of_norton_7_repeat_its_other_tables() -> None:
    rows = {row.system: row.cells for row in published.load("norton-7").rows}
    for i, (name, setting) in enumerate(
        [("norton-3", ""), ("norton-1", "DTW"), ("norton-2", "DTW")]
    ):
        for row in published.load(name).rows:
            if row.setting == setting and row.system in rows:
                ours = [cell.value for cell in rows[row.system][2 * i : 2 * i + 2]]
                assert ours == [cell.value for cell in row.cells[:2]]


def test_norton_8_divides_by_its_first_line() -> None:
    rows = [[cell.value or 0 for cell in row.cells] for row in published.load("norton-8").rows]
    off = [label for label, (time, ratio) in enumerate(rows, 1) if round(time / 87, 3) != ratio]
    assert off == [6, 7]  # cut off, not rounded


def test_shares_of_ucofia_figure_5_are_whole() -> None:
    assert sum(cell.value or 0 for cell in published.load("ucofia-figure-5").rows[0].cells) == 100


def test_ablation_rows_name_the_methods_that_measure_them() -> None:
    for name in ("tokenflow-5", "tokenflow-6"):
        rows = published.load(name).rows
        assert [row.measured_by and row.measured_by.method for row in rows] == [
            "global",
            "uniform",
            "learnable",
            "max-avg",
            "scan",
            "emd",
            "0.5*global+0.5*tokenflow",
        ]
    ncl: dict[str, Any] = {"loss": "ncl", "queue": 16384, "head_norm": "ncl:gamma=scale"}
    assert [row.measured_by for row in published.load("ncl-5").rows] == [
        MeasuredBy(loss="infonce"),
        MeasuredBy(norm="ncl", bank="train", **ncl),
        MeasuredBy(norm="ncl", bank="test", **ncl),
    ]


def test_unknown_name_is_one_sentence_with_a_hint() -> None:
    with pytest.raises(InputError, match=r"Unknown table 'tokenflo-1'. Did you mean 'tokenflow-1'"):
        published.load("tokenflo-1")
