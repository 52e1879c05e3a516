from pathlib import Path

import pytest
from small_annotations import refusal

from vrbench import datasets
from vrbench.datasets import Video


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("brush_hair/b.avi", "brush_hair/a.MP4", "ApplyEyeMakeup/v_g01.avi", ".x/c.avi"):
        path = tmp_path / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "videos/brush_hair/frames").mkdir()
    (tmp_path / "videos/brush_hair/list.txt").touch()
    (tmp_path / "videos/readme.txt").touch()
    return tmp_path / "videos"


def test_classes_are_numbered_and_put_in_words(folder: Path) -> None:
    found = datasets.read("class-folders", folder, "all")
    assert found.videos == (
        Video("ApplyEyeMakeup/v_g01", ("apply eye makeup",), label=0),
        Video("brush_hair/a", ("brush hair",), label=1),
        Video("brush_hair/b", ("brush hair",), label=1),
        Video("brush_hair/frames", ("brush hair",), label=1),
    )
    assert found.label_names == {0: "ApplyEyeMakeup", 1: "brush_hair"}
    assert found.notes() == []


@pytest.mark.parametrize(
    ("name", "counts"),
    [("hmdb51", "6,849, 4 texts instead of 6,849, 2 classes instead of 51"), ("ucf101", "13,320")],
)
def test_published_counts(name: str, counts: str, folder: Path) -> None:
    [note] = datasets.read(name, folder, "all").notes()
    assert f"{name} all has 4 videos instead of {counts}" in note


def test_a_folder_without_classes_is_refused(tmp_path: Path) -> None:
    assert "(ucf101 all) names no video." in refusal("ucf101", tmp_path, "all")


def test_one_name_twice_in_a_class_is_refused(folder: Path) -> None:
    (folder / "brush_hair/a.mkv").touch()
    assert "video 'brush_hair/a' stands twice." in refusal("class-folders", folder, "all")
