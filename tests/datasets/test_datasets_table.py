import json
from pathlib import Path

import pytest
from small_annotations import refusal, write

from vrbench import datasets
from vrbench.datasets import Video
from vrbench.datasets.rows import caption_rows
from vrbench.errors import InputError

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
    said = "has no dev.csv or dev.tsv: csv dev needs dev.csv or dev.tsv there"
    assert said in refusal("csv", tmp_path, "dev")


def test_json_of_captions_by_video(tmp_path: Path) -> None:
    found = datasets.read("json", write(tmp_path, test_json={"b": ["x", "y"], "a": []}), "test")
    assert list(found.captions_by_video.items()) == [("b", ["x", "y"]), ("a", [])]


@pytest.mark.parametrize("values", [["a", "b"], {"0": "a", "1": "b"}])
@pytest.mark.parametrize(("video", "caption"), [("video_id", "caption"), ("image", "text")])
def test_json_of_columns_is_refused(
    video: str, caption: str, values: object, tmp_path: Path
) -> None:
    """``DataFrame.to_dict("list")`` and ``to_json()``."""
    write(tmp_path, test_json={"n": values, video: values, caption: values})
    said = "test.json: expected a list of rows, not columns (to_json(orient='records')"
    assert said in refusal("json", tmp_path, "test")
    with pytest.raises(InputError, match="expected a list of rows, not columns"):
        caption_rows(tmp_path / "test.json", {})


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
    write(tmp_path, test_json={"a": 3})
    assert "test.json, a: expected a list, found 3." in refusal("json", tmp_path, "test")


ROWS = [["v/a.mp4", "x, y"], ["b.gif", "z; z"], ["v/a.mp4", "w"]]
"""Videos by the names of their files, and captions."""


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("video", ["video_id", "video", "vid", "image"])
@pytest.mark.parametrize("caption", ["caption", "sentence", "query", "desc", "text"])
def test_csv_of_any_sign_and_usual_names(
    sign: str, video: str, caption: str, tmp_path: Path
) -> None:
    rows = [["key", video, caption], *([f"{i}", *row] for i, row in enumerate(ROWS))]
    quoted = (sign.join(f'"{cell}"' for cell in row) for row in rows)
    write(tmp_path, test_csv="\r\n".join(quoted))
    found = datasets.read("csv", tmp_path, "test")
    assert found.captions_by_video == {"v/a": ["x, y", "w"], "b": ["z; z"]}
    assert [video.file for video in found.videos] == ["v/a.mp4", "b.gif"]
    assert datasets.read_captions(tmp_path / "test.csv").videos == found.videos


@pytest.mark.parametrize("video", ["video_id", "video", "vid", "image"])
@pytest.mark.parametrize("caption", ["caption", "sentence", "query", "desc", "text"])
def test_json_as_a_list_and_as_lines(video: str, caption: str, tmp_path: Path) -> None:
    rows = [{video: name, caption: text, "more": [1]} for name, text in ROWS]
    write(tmp_path / "list", test_json=rows)
    write(tmp_path / "lines", test_jsonl="\n".join(json.dumps(row) for row in rows) + "\n\n")
    write(tmp_path / "one", test_json=rows[1])
    expected = {"v/a": ["x, y", "w"], "b": ["z; z"]}
    for folder in ("list", "lines"):
        found = datasets.read("json", tmp_path / folder, "test")
        assert found.captions_by_video == expected
        file = next((tmp_path / folder).iterdir())
        assert datasets.read_captions(file).captions_by_video == expected
    assert datasets.read("json", tmp_path / "one", "test").captions_by_video == {"b": ["z; z"]}


def test_a_caption_a_video_and_ids_that_are_numbers(tmp_path: Path) -> None:
    write(tmp_path, test_json={"7": "x", "8": ["y"]}, dev_json=[{"vid": 7, "desc": "x"}])
    assert datasets.read("json", tmp_path, "test").captions_by_video == {"7": ["x"], "8": ["y"]}
    assert datasets.read("json", tmp_path, "dev").captions_by_video == {"7": ["x"]}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"vid": "a", "video": "b", "caption": "x"}, "expected one of video and vid"),
        ({"video": "a", "desc": "x", "text": "y"}, "expected one of desc and text"),
        ({"name": "a", "desc": "x"}, "expected an object with 'video_id' (or video, vid, image)"),
        ({"vid": True, "desc": "x"}, "vid: expected a text, found True"),
    ],
)
def test_what_may_be_meant_in_two_ways_is_refused(row: object, said: str, tmp_path: Path) -> None:
    write(tmp_path, test_json=[row])
    assert said in refusal("json", tmp_path, "test")


def test_the_first_name_stands_beside_others(tmp_path: Path) -> None:
    write(tmp_path, test_csv="video,video_id,text,caption\na,b,x,y\n")
    assert datasets.read("csv", tmp_path, "test").captions_by_video == {"b": ["y"]}


def test_two_files_of_one_name_are_no_video(tmp_path: Path) -> None:
    write(tmp_path, test_json=[{"video": "a.mp4", "text": "x"}, {"video": "a.avi", "text": "y"}])
    assert "expected the file, start, end" in refusal("json", tmp_path, "test")
    write(tmp_path, test_json='{"vid": "a", "desc": "x"}\n{"vid": "a", "desc": }\n')
    assert "test.json, line 2 is not JSON" in refusal("json", tmp_path, "test")
