"""The table of whatever results there are."""

from __future__ import annotations

from sample_results import TEST_BANK, sample_result

from vrbench.tables import markdown, results_table


def test_results_table() -> None:
    results = [
        sample_result(),
        sample_result(norm="dsl", bank=TEST_BANK, metrics={"t2v": {"R@50": 70.0}, "v2t": {}}),
    ]
    [section] = results_table(results).sections
    assert section.about == "encoder toy; ties mean; v2t best-caption"
    assert section.heads == ("dataset", "texts x videos", "method", "norm", "bank")
    first, second = section.lines
    assert first.labels == ("msrvtt-476 test", "476 x 476", "global", "none", "none")
    assert second.labels[3:] == ("dsl", "test 476 x 476 (transductive)")
    t2v, v2t = section.columns[:8], section.columns[8:]
    assert [column.metric for column in t2v] == [
        *("R@1", "R@5", "R@10", "R@50", "MdR", "MnR", "normalization error", "never retrieved")
    ]
    assert [column.metric for column in v2t] == [column.metric for column in t2v]
    assert [cell.text for cell in first.cells] == [
        *("8.4", "23.8", "32.4", "", "27.5", "70.2", "0.500", "41.2"),
        *("9.5", "23.8", "32.4", "", "27.5", "70.2", "", "41.2"),
    ]
    assert second.cells[3].value == 70.0
    assert second.cells[0].text == ""


def test_results_table_says_what_differs_in_columns() -> None:
    results = [sample_result(), sample_result(encoder="clip", limit=9, n_text=9, n_video=9)]
    [section] = results_table(results).sections
    assert section.heads[-1] == "encoder"
    assert section.about == "ties mean; v2t best-caption"
    assert section.lines[1].labels[1] == "9 x 9 (limited)"
    assert len({line.row for line in section.lines}) == 2


def test_no_results() -> None:
    assert markdown(results_table([])) == "## Results\n\nNo results found.\n"
