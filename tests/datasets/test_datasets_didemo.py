import json
from pathlib import Path

from small_annotations import refusal, write

from vrbench import datasets


def test_descriptions_are_joined_by_video_whatever_the_extension(tmp_path: Path) -> None:
    items = [
        {"video": "1@N01_2_3.mov", "description": "a dog. ", "times": [[0, 0]]},
        {"video": "4@N02_5_6.", "description": "snow", "times": [[0, 0]]},
        {"video": "1@N01_2_3.mp4", "description": "it runs", "times": [[1, 1]]},
    ]
    found = datasets.read("didemo", write(tmp_path, test_data_json=items), "test")
    assert list(found.captions_by_video.items()) == [
        ("1@N01_2_3", ["a dog. it runs"]),
        ("4@N02_5_6", ["snow"]),
    ]
    assert found.notes()[0].startswith("3 file names stand for 2 videos: ")


def test_malformed_items_are_refused_with_their_place(tmp_path: Path) -> None:
    write(tmp_path, val_data_json=[{"video": "a.mov"}])
    message = refusal("didemo", tmp_path, "val")
    assert "val_data.json, [0]: expected an object with 'description'" in message


def test_the_real_file_has_the_published_counts(shared_data: Path) -> None:
    folder = shared_data / "annotations/didemo"
    items = json.loads((folder / "test_data.json").read_text())
    assert len({item["video"] for item in items}) == 1037
    photos = {"_".join(item["video"].split("_")[:2]) for item in items}
    found = datasets.read("didemo", folder, "test")
    assert len(found.videos) == found.n_texts == len(photos) == 1004
    assert {"_".join(video.id.split("_")[:2]) for video in found.videos} == photos
    assert sum(len(text) for video in found.videos for text in video.texts) == sum(
        len(item["description"].strip()) + 1 for item in items
    ) - len(photos)
    assert found.notes() == [
        "1,037 file names stand for 1,004 videos: names that differ in their extension only are "
        "one video, with the descriptions of all."
    ]
