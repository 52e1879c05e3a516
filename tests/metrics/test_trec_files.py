"""Reading TREC qrels and runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vrbench.errors import InputError
from vrbench.metrics.trec_files import read_qrels, read_run


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "f"
    path.write_text(text, encoding="utf-8")
    return path


def test_qrels_of_trec_and_of_beir_are_read(tmp_path: Path) -> None:
    expected = {("q1", "a"): 2.0, ("q1", "b"): 0.0, ("q2", "a"): -1.0, ("q2", "c"): 0.5}
    trec = "q1 0 a 2\nq1\t0\tb\t0\n\nq2 0 a -1\nq2 Q0 c 0.5\n"
    assert read_qrels(write(tmp_path, trec)) == expected
    beir = "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\nq2\ta\t-1\nq2\tc\t0.5\n"
    assert read_qrels(write(tmp_path, beir)) == expected


def test_a_run_lists_pairs(tmp_path: Path) -> None:
    text = "q1 Q0 b 1 3.5 me\nq1 Q0 a 2 -1e3 me\nq2 Q0 a 1 0 me\n"
    assert read_run(write(tmp_path, text)) == {("q1", "a"), ("q1", "b"), ("q2", "a")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no right item"),
        ("q 0 a 0\n", "names no right item"),
        ("q 0 a\n", "Line 1 of .* is 'q 0 a': expected 'query 0 item grade'"),
        ("q 0 a 1\nq a x\n", "Line 2 of .* is 'q a x'"),
        ("q 0 a nan\n", "Line 1"),
        ("q 0 a inf\n", "Line 1"),
        ("q 0 a 1 more\n", "Line 1"),
        ("q 0 a 1\nq 0 a 2\n", "gives 'a' two grades for 'q'"),
    ],
)
def test_what_is_no_qrels_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_qrels(write(tmp_path, text))


@pytest.mark.parametrize("text", ["", "q 0 a 1\n", "q Q0 a 1 x me\n", "q Q0 a 1 2 me too\n"])
def test_what_is_no_run_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"Line 1|is empty"):
        read_run(write(tmp_path, text))


def test_files_that_are_not_there_or_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_qrels(tmp_path / "none")
    with pytest.raises(InputError, match="is not a text file"):
        read_run(tmp_path)
    (tmp_path / "f").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        read_qrels(tmp_path / "f")
