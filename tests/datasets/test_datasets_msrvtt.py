import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from small_annotations import refusal, write, zipped

from vrbench import datasets
from vrbench.datasets.files import Folder
from vrbench.datasets.msrvtt import CATEGORIES


def info(*videos: tuple[str, int, str]) -> dict[str, Any]:
    """The JSON of (id, category, split), with two captions each, not in the order of the videos."""
    return {
        "videos": [{"video_id": v, "category": c, "split": s} for v, c, s in videos],
        "sentences": [
            {"video_id": v, "caption": f"{v} {k}", "sen_id": 0}
            for k in range(2)
            for v, _, _ in reversed(videos)
        ],
    }


TRAIN = info(("v0", 3, "train"), ("v1", 0, "validate"), ("v2", 19, "train"))
TEST = info(("v7", 1, "test"), ("v8", 2, "test"))
JSFUSION = "key,vid_key,video_id,sentence\nret0,msr8,v8,a given one\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, train_val_videodatainfo_json=TRAIN, MSRVTT_JSFUSION_test_csv=JSFUSION)
    zipped(tmp_path / "test_videodatainfo.json.zip", test_videodatainfo_json=json.dumps(TEST))
    (tmp_path / "MSRVTT_train.9k.csv").write_text("video_id\nv7\nv2\nv0\n")
    (tmp_path / "MSRVTT_train.7k.csv").write_text("video_id\nv1\nv0\n")
    return tmp_path


@pytest.mark.parametrize(
    ("split", "ids", "labels"),
    [
        ("train", ["v0", "v2"], [3, 19]),
        ("val", ["v1"], [0]),
        ("full-test", ["v7", "v8"], [1, 2]),
        ("train-9k", ["v7", "v2", "v0"], [1, 19, 3]),
        ("train-7k", ["v1", "v0"], [0, 3]),
    ],
)
def test_splits(split: str, ids: list[str], labels: list[int], folder: Path) -> None:
    found = datasets.read("msrvtt", folder, split)
    assert found.captions_by_video == {name: [f"{name} 0", f"{name} 1"] for name in ids}
    assert list(found.captions_by_video) == ids
    assert [video.label for video in found.videos] == labels
    assert found.label_names[0] == "music"


def test_1k_a_has_one_given_caption_a_video(folder: Path) -> None:
    found = datasets.read("msrvtt", folder, "test")
    assert found.captions_by_video == {"v8": ["a given one"]}
    assert [video.label for video in found.videos] == [2]


def test_1k_a_without_the_json_has_no_labels_and_says_so(folder: Path) -> None:
    (folder / "test_videodatainfo.json.zip").unlink()
    found = datasets.read("msrvtt", folder, "test")
    assert found.captions_by_video == {"v8": ["a given one"]}
    assert "label" not in found.facts
    assert found.notes()[0] == (
        "Without test_videodatainfo.json or MSRVTT_data.json the videos have no labels."
    )


def test_one_json_of_all_videos_will_do(tmp_path: Path) -> None:
    both = {key: TRAIN[key] + TEST[key] for key in TRAIN}
    write(tmp_path, MSRVTT_data_json=both)
    (tmp_path / "MSRVTT_train.9k.csv").write_text("video_id\nv7\nv2\n")
    assert datasets.read("msrvtt", tmp_path, "train-9k").captions_by_video == {
        "v7": ["v7 0", "v7 1"],
        "v2": ["v2 0", "v2 1"],
    }
    assert len(datasets.read("msrvtt", tmp_path, "full-test").videos) == 2


def test_an_unknown_id_is_refused_with_its_place(folder: Path) -> None:
    (folder / "MSRVTT_train.7k.csv").write_text("video_id\nv0\nv7\n")
    message = refusal("msrvtt", folder, "train-7k")
    assert "MSRVTT_train.7k.csv, line 3: " in message
    assert message.endswith("has no video 'v7'.")


def test_malformed_items_are_refused_with_their_place(folder: Path) -> None:
    write(folder, train_val_videodatainfo_json=info(("v0", 20, "train")))
    message = refusal("msrvtt", folder, "train")
    assert message.endswith("videos[0].category: expected a category from 0 to 19, found 20.")
    write(folder, train_val_videodatainfo_json={"videos": [], "sentences": [{"video_id": "v0"}]})
    assert "sentences[0]: expected an object with 'caption'" in refusal("msrvtt", folder, "val")


def test_a_video_that_stands_twice_is_refused(folder: Path) -> None:
    twice = info(("v0", 3, "train"), ("v2", 1, "train"), ("v0", 4, "train"))
    write(folder, train_val_videodatainfo_json=twice)
    for split in ("train", "train-9k"):
        assert "video 'v0' stands twice." in refusal("msrvtt", folder, split)


# --- the real files

ODD = {
    "test": 0,
    "train-9k": 13_257,
    "train-7k": 10_385,
    "train": 9656,
    "val": 729,
    "full-test": 4252,
}
"""Captions that repeat another one of their video."""


@pytest.mark.slow
@pytest.mark.parametrize("split", datasets.datasets.classes()["msrvtt"].splits)
def test_the_real_files_have_the_published_counts(split: str, shared_data: Path) -> None:
    found = datasets.read("msrvtt", shared_data / "annotations/msrvtt", split)
    repeats = f"{ODD[split]:,} texts repeat a text of the same video; all are kept."
    assert found.notes() == ([repeats] if ODD[split] else [])
    published = datasets.datasets.classes()["msrvtt"].splits[split]
    assert (len(found.videos), found.n_texts) == (published.videos, published.texts)
    assert {video.label for video in found.videos} == set(range(20))


@pytest.mark.slow
def test_real_1k_a(shared_data: Path) -> None:
    folder = shared_data / "annotations/msrvtt"
    test = datasets.read("msrvtt", folder, "test")
    train = datasets.read("msrvtt", folder, "train-9k")
    assert test.videos[0].id == "video9770"
    assert test.videos[0].texts == ("a person is connecting something to system",)
    assert len({caption.text for caption in test.captions}) == 995
    assert not test.captions_by_video.keys() & train.captions_by_video.keys()
    bank = train.bank(16_384)
    assert (len(bank.videos), bank.n_texts) == (9000, 16_384)
    assert "9,000 distinct videos and 16,384 captions, 15,231 of them" in bank.notes()[0]


def test_real_captions_are_those_beside_the_real_frames(shared_data: Path) -> None:
    frames = shared_data / "msrvtt_frames"
    with (frames / "captions_1ka.csv").open(encoding="utf-8", newline="") as stream:
        given = {row["video_id"]: row["caption"].strip() for row in csv.DictReader(stream)}
    found = datasets.read("msrvtt", shared_data / "annotations/msrvtt", "test")
    assert {v: t for v, [t] in found.captions_by_video.items() if v in given} == given


def test_the_real_categories(shared_data: Path) -> None:
    folder = Folder(shared_data / "annotations/msrvtt")
    lines = [line.split("\t") for _, line in folder.lines("category.txt")]
    assert {int(number): name for name, number in lines} == dict(enumerate(CATEGORIES))
    assert zipfile.is_zipfile(folder.path / "train_val_annotation.zip")


# --- multiple choice

CHOICES = "vid_key\ta1\ta2\ta3\ta4\ta5\tanswer\nmsr7010\ta, man\tb\tc\td\te\t3\n"


def test_multiple_choice_has_five_answers_and_the_right_one_as_label(tmp_path: Path) -> None:
    write(tmp_path, MSR_MC_test_csv=CHOICES)
    (video,) = datasets.read("msrvtt-mc", tmp_path, "test").videos
    assert (video.id, video.texts, video.label) == ("video7010", ("a, man", "b", "c", "d", "e"), 3)


def test_an_answer_that_is_none_of_the_five_is_refused(tmp_path: Path) -> None:
    write(tmp_path, MSR_MC_test_csv=CHOICES.replace("\t3\n", "\t5\n"))
    assert "line 2: answer is '5', expected 0 to 4." in refusal("msrvtt-mc", tmp_path, "test")
