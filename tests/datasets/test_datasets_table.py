from pathlib import Path

import pytest
from small_annotations import refusal, write

from vrbench import datasets
from vrbench.datasets import Video

CSV = """\
video_id,caption,label,file,start,end,position,note
a_0,a cat,cat,long/a,0,2.5,0,x
b,a dog,dog,,,,,
a_0,"it, sleeps",cat,long/a,0,2.5,0,y
c,,,,,,,
"""


def test_csv(tmp_path: Path) -> None:
    found = datasets.read("csv", write(tmp_path, mine_csv=CSV), "mine")
    assert found.videos == (
        Video("a_0", ("a cat", "it, sleeps"), "long/a", 0, 2.5, 0, 0),
        Video("b", ("a dog",), label=1),
        Video("c", ("",)),
    )
    assert found.label_names == {0: "cat", 1: "dog"}
    assert found.notes() == ["1 texts are empty."]


def test_labels_that_are_numbers_stay(tmp_path: Path) -> None:
    text = "video_id,caption,label\na,x,10\nb,y,9\n"
    found = datasets.read("csv", write(tmp_path, test_csv=text), "test")
    assert [video.label for video in found.videos] == [10, 9]
    assert found.label_names == {9: "9", 10: "10"}
    write(tmp_path, test_csv=text.replace("10", "09"))
    assert datasets.read("csv", tmp_path, "test").label_names == {0: "09", 1: "9"}


def test_rows_of_a_video_agree(tmp_path: Path) -> None:
    write(tmp_path, test_csv="video_id,caption,label\na,x,1\na,y,2\n")
    assert "line 3: expected the file, start, end, po" in refusal("csv", tmp_path, "test")


@pytest.mark.parametrize(
    ("row", "message"),
    [("a,x,soon", "line 2, start: expected a number, found 'soon'."), ("a", "line 2: 3 values")],
)
def test_malformed_rows_are_refused_with_their_place(
    row: str, message: str, tmp_path: Path
) -> None:
    write(tmp_path, test_csv=f"video_id,caption,start\n{row}\n")
    assert message in refusal("csv", tmp_path, "test")


@pytest.mark.parametrize("twice", ["caption", "Caption", " caption", "CAPTION "])
def test_a_column_that_stands_twice_is_refused(twice: str, tmp_path: Path) -> None:
    write(tmp_path, test_csv=f"video_id,{twice},caption\na,x,y\n")
    assert "the column 'caption' twice" in refusal("csv", tmp_path, "test")


def test_a_missing_csv_is_named(tmp_path: Path) -> None:
    assert "has no dev.csv: csv dev needs dev.csv there" in refusal("csv", tmp_path, "dev")


def test_json_of_captions_by_video(tmp_path: Path) -> None:
    found = datasets.read("json", write(tmp_path, test_json={"b": ["x", "y"], "a": []}), "test")
    assert list(found.captions_by_video.items()) == [("b", ["x", "y"]), ("a", [])]


def test_json_of_rows(tmp_path: Path) -> None:
    rows = [
        {"video_id": "a", "caption": ["x", "y"], "start": 1, "end": 2.5, "label": 3},
        {"video_id": "b", "caption": "z", "start": None},
    ]
    found = datasets.read("json", write(tmp_path, test_json=rows), "test")
    assert found.videos == (
        Video("a", ("x", "y"), start=1, end=2.5, label=3),
        Video("b", ("z",)),
    )


def test_malformed_json_is_refused_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, test_json=[{"video_id": "a"}])
    assert "test.json, [0]: expected an object with 'cap" in refusal("json", tmp_path, "test")
    write(tmp_path, test_json={"a": "x"})
    assert "test.json, a: expected a list, found 'x'." in refusal("json", tmp_path, "test")
