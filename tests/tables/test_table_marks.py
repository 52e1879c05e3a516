from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sample_results import TEST_BANK, TRAIN_BANK, sample_result

from vrbench.results.schema import ResultDict
from vrbench.results.significance import mcnemar
from vrbench.tables import markdown, paper_table


def ranked(method: str, t2v: list[float], **changes: Any) -> ResultDict:
    """Return a result with rank vectors, whose R@K are those of the vectors."""
    ranks = np.array(t2v)
    ids = np.arange(len(t2v)).astype("S4")
    metrics = {f"R@{k}": 100 * float((ranks <= k).mean()) for k in (1, 5, 10)}
    vectors = {"t2v": ranks, "v2t": ranks, "text_ids": ids, "video_ids": ids}
    return sample_result(
        method=method,
        metrics={"t2v": metrics | {"MdR": float(np.median(ranks))}, "v2t": {}},
        rank_vectors=vectors | changes.pop("rank_vectors", {}),
        **changes,
    )


GOOD, POOR = [1.0] * 40 + [20.0] * 10, [1.0] * 5 + [20.0] * 45


def test_the_best_of_the_measured_rows_is_bold() -> None:
    results = [ranked("global", GOOD), ranked("uniform", POOR), ranked("emd", GOOD)]
    [_, section] = paper_table("tokenflow-5", results).sections
    best = {line.labels[0]: [cell.best for cell in line.cells] for line in section.lines}
    assert best["CLIP4Clip [20]: global"] == best["EMD: emd"] == [True] * 4
    assert not any(best["Uniform [28]: uniform"])
    assert "Bold: best." in section.footnotes


def test_rows_that_saw_the_test_set_are_never_bold() -> None:
    results = [
        ranked("global", POOR),
        ranked("global", POOR, norm="ncl", bank=TRAIN_BANK),
        ranked("global", GOOD, norm="ncl", bank=TEST_BANK),
    ]
    [_, section] = paper_table("ncl-5", results).sections
    assert [line.cells[0].best for line in section.lines] == [True, True, False]
    assert "Bold: best of the rows that are not transductive." in section.footnotes


def test_one_row_alone_is_not_the_best_of_anything() -> None:
    [_, section] = paper_table("tokenflow-5", [ranked("global", GOOD)]).sections
    assert all(line.startswith("No head") for line in section.footnotes)


def test_significant_differences_are_lettered() -> None:
    results = [ranked("global", GOOD), ranked("uniform", POOR), ranked("emd", GOOD)]
    [_, section] = paper_table("tokenflow-5", results).sections
    letters = {line.labels[0].split(":")[0]: line.letter for line in section.lines}
    assert letters["CLIP4Clip [20]"] == "a"
    assert letters["Uniform [28]"] == "b"
    assert letters["EMD"] == "c"
    beats = [[cell.beats for cell in line.cells] for line in section.lines if line.letter]
    assert beats == [["b", "b", "b", ""], [""] * 4, ["b", "b", "b", ""]]
    # three pairs of rows in three columns of R@K
    assert section.footnotes[-1] == (
        "Letters: rows of this table that a cell is significantly better than (exact McNemar test "
        "of R@K, two-sided; 9 tests, false discovery rate 0.05 after Benjamini and Yekutieli; "
        "N = 50 t2v queries)."
    )
    assert "**80.0** ᵇ" in markdown(paper_table("tokenflow-5", results))


def test_the_correction_is_over_all_tests_of_the_block() -> None:
    worse = [1.0] * 34 + [20.0] * 16
    alone = mcnemar(np.array(GOOD), np.array(worse)).p
    assert alone == pytest.approx(2 / 2**6)  # below 0.05
    # Three equal p-values: each is multiplied by 3 / 3 and by 1 + 1/2 + 1/3, which is above 0.05.
    [_, section] = paper_table(
        "tokenflow-5", [ranked("global", GOOD), ranked("uniform", worse)]
    ).sections
    assert [cell.beats for cell in section.lines[0].cells] == [""] * 4
    assert "3 tests" in section.footnotes[-1]


@pytest.mark.parametrize(
    "other",
    [
        {"text_ids": np.arange(50, 100).astype("S4")},
        {"positive_text": np.arange(50), "positive_video": np.roll(range(50), 1)},
    ],
)
def test_results_over_other_items_or_pairs_are_not_tested(other: dict[str, Any]) -> None:
    own = dict.fromkeys(("positive_text", "positive_video"), np.arange(50))
    results = [
        ranked("global", GOOD, rank_vectors=own),
        ranked("uniform", POOR, rank_vectors={**own, **other}),
    ]
    [_, section] = paper_table("tokenflow-5", results).sections
    assert section.footnotes[-1] == "Bold: best."
    assert not any(line.letter for line in section.lines)
