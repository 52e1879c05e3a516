from pathlib import Path

import pytest
from small_annotations import refusal, write

from vrbench import datasets

VIDEOS = [
    {"videoID": f"{name}_000001_000011", "enCap": [f"{name} {k}" for k in range(10)], "chCap": []}
    for name in "abc"
]


def test_official_splits_are_their_files(tmp_path: Path) -> None:
    write(tmp_path, **{"vatex_validation_v1.0_json": VIDEOS})
    found = datasets.read("vatex", tmp_path, "val")
    assert [video.id for video in found.videos] == [f"{n}_000001_000011" for n in "abc"]
    assert found.videos[1].texts[9] == "b 9"
    assert "3 videos instead of 3,000, 30 texts instead of 30,000" in found.notes()[0]


def test_the_test_split_is_chosen_by_its_list(tmp_path: Path) -> None:
    write(tmp_path, **{"vatex_validation_v1.0_json": VIDEOS})
    write(tmp_path, test_list_txt="c_000001_000011\na_000001_000011\n", val_list_txt="d\n")
    found = datasets.read("vatex", tmp_path, "test")
    assert [video.id for video in found.videos] == ["c_000001_000011", "a_000001_000011"]
    assert "2 videos instead of 1,500" in found.notes()[0]
    assert "val_list.txt, line 1: vatex_valid" in refusal("vatex", tmp_path, "val-1500")


@pytest.mark.parametrize("split", ["val", "test", "val-1500"])
def test_a_video_that_stands_twice_is_refused(split: str, tmp_path: Path) -> None:
    write(tmp_path, **{"vatex_validation_v1.0_json": [*VIDEOS, VIDEOS[0] | {"enCap": ["other"]}]})
    write(tmp_path, test_list_txt="b_000001_000011\n", val_list_txt="a_000001_000011\n")
    assert "video 'a_000001_000011' stands twice." in refusal("vatex", tmp_path, split)


def test_malformed_items_are_refused_with_their_place(tmp_path: Path) -> None:
    write(tmp_path, **{"vatex_training_v1.0_json": [*VIDEOS, {"videoID": "x"}]})
    message = refusal("vatex", tmp_path, "train")
    assert "vatex_training_v1.0.json, [3]: expected an object with 'enCap'" in message
