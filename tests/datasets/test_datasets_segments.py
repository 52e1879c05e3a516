from pathlib import Path
from typing import Any

import pytest
from small_annotations import refusal, write

from vrbench import datasets
from vrbench.datasets import Video
from vrbench.datasets.items import Moment

# --- ActivityNet Captions

CAPTIONS = {
    "v_b": {
        "duration": 9.0,
        "timestamps": [[0, 4.5], [9, 3]],
        "sentences": [" A man. ", "He sits."],
    },
    "v_a": {"duration": 1.0, "timestamps": [[0, 1]], "sentences": ["Snow."]},
}


def test_activitynet_paragraphs(tmp_path: Path) -> None:
    found = datasets.read("activitynet", write(tmp_path, val_1_json=CAPTIONS), "val_1")
    assert list(found.captions_by_video.items()) == [
        ("v_b", ["A man. He sits."]),
        ("v_a", ["Snow."]),
    ]
    assert found.videos[0].start is None
    assert "2 videos instead of 4,917, 2 texts instead of 4,917 (nom" in found.notes()[0]


def test_activitynet_clips(tmp_path: Path) -> None:
    found = datasets.read("activitynet:unit=clips", write(tmp_path, val_2_json=CAPTIONS), "val_2")
    assert found.videos == (
        Video("v_b_0", ("A man.",), "v_b", 0, 4.5, 0),
        Video("v_b_1", ("He sits.",), "v_b", 3, 9, 1),
        Video("v_a_0", ("Snow.",), "v_a", 0, 1, 0),
    )
    assert [video.sequence for video in found.videos] == ["v_b", "v_b", "v_a"]
    swapped, counts = found.notes()
    assert swapped == "1 segments end before they start ('v_b_1'): start and end are swapped."
    assert "3 videos instead of 17,031, 3 texts instead of 17,031" in counts


@pytest.mark.parametrize(
    ("video", "message"),
    [
        (
            {"timestamps": [], "sentences": ["x"]},
            "v_a.timestamps: expected a pair of times for each of 1 sentences, found [].",
        ),
        (
            {"timestamps": [[1]], "sentences": ["x"]},
            "v_a.timestamps[0]: expected start and end, found [1].",
        ),
        (
            {"timestamps": [[1, "y"]], "sentences": ["x"]},
            "v_a.timestamps[0][1]: expected a number, found 'y'.",
        ),
    ],
)
def test_malformed_activitynet(video: dict[str, Any], message: str, tmp_path: Path) -> None:
    write(tmp_path, train_json={"v_a": video})
    assert refusal("activitynet", tmp_path, "train") == f"{tmp_path / 'train.json'}, {message}"


def test_activitynet_has_no_test_split(tmp_path: Path) -> None:
    assert refusal("activitynet", tmp_path, "test").endswith("Splits: train, val_1, val_2.")


# --- YouCookII

RECIPES = {
    "database": {
        "a": {
            "subset": "validation",
            "recipe_type": "113",
            "annotations": [
                {"segment": [90, 102], "id": 0, "sentence": "cut the bread"},
                {"segment": [114, 127], "id": 1, "sentence": "fry it"},
            ],
        },
        "b": {"subset": "training", "annotations": [{"segment": [1, 2], "sentence": "stir"}]},
    }
}


def test_youcook2_clips(tmp_path: Path) -> None:
    write(tmp_path, youcookii_annotations_trainval_json=RECIPES)
    found = datasets.read("youcook2", tmp_path, "val")
    assert found.videos == (
        Video("a_0", ("cut the bread",), "a", 90, 102, 0),
        Video("a_1", ("fry it",), "a", 114, 127, 1),
    )
    assert "2 videos instead of 3,492" in found.notes()[0]
    assert [v.id for v in datasets.read("youcook2", tmp_path, "train").videos] == ["b_0"]


def test_youcook2_videos(tmp_path: Path) -> None:
    write(tmp_path, youcookii_annotations_trainval_json=RECIPES)
    found = datasets.read("youcook2:unit=videos", tmp_path, "val")
    assert found.videos == (Video("a", ("cut the bread fry it",)),)
    assert "1 videos instead of 457" in found.notes()[0]


def test_youcook2_windows_keep_the_background(tmp_path: Path) -> None:
    recipe = {**RECIPES["database"]["a"], "duration": 130.5}
    write(tmp_path, youcookii_annotations_trainval_json={"database": {"a": recipe}})
    found = datasets.read("youcook2:unit=windows", tmp_path, "val").videos
    assert [(v.start, v.end) for v in found] == [
        *((16.0 * k, 16.0 * k + 16) for k in range(8)),
        (128.0, 130.5),
    ]
    # the middles are at 96 and 120.5 seconds
    assert {v.position: v.texts for v in found if v.texts} == {
        6: ("cut the bread",),
        7: ("fry it",),
    }
    assert {v.sequence for v in found} == {"a"}


def test_malformed_youcook2(tmp_path: Path) -> None:
    broken = {"a": {"subset": "training", "annotations": [{"segment": [1, 2]}]}}
    write(tmp_path, youcookii_annotations_trainval_json={"database": broken})
    message = refusal("youcook2", tmp_path, "train")
    assert "database.a.annotations[0]: expected an object with 'sentence'" in message


# --- COIN

STEPS = {
    "database": {
        "x": {
            "class": "Weld",
            "subset": "testing",
            "annotation": [
                {"id": "7", "segment": [1.0, 2.0], "label": "wear a mask"},
                {"id": "5", "segment": [2.0, 9.0], "label": "weld"},
            ],
        },
        "y": {
            "class": "Boil",
            "subset": "training",
            "annotation": [{"id": "1", "segment": [0.0, 3.0], "label": "pour water"}],
        },
    }
}


def test_coin_videos_are_labelled_with_their_task(tmp_path: Path) -> None:
    write(tmp_path, COIN_json=STEPS)
    found = datasets.read("coin", tmp_path, "test")
    assert found.videos == (Video("x", ("wear a mask weld",), label=1),)
    assert found.label_names == {0: "Boil", 1: "Weld"}
    assert "1 videos instead of 2,797" in found.notes()[0]
    assert "2 classes instead of 180" in found.notes()[0]
    assert [v.label for v in datasets.read("coin", tmp_path, "all").videos] == [1, 0]


def test_coin_clips_are_labelled_with_their_step(tmp_path: Path) -> None:
    write(tmp_path, COIN_json=STEPS)
    found = datasets.read("coin:unit=clips", tmp_path, "test")
    assert found.videos == (
        Video("x_0", ("wear a mask",), "x", 1, 2, 0, 7),
        Video("x_1", ("weld",), "x", 2, 9, 1, 5),
    )
    assert found.label_names == {1: "pour water", 5: "weld", 7: "wear a mask"}
    assert "3 classes instead of 778" in found.notes()[0]


def test_coin_texts_have_the_times_and_the_names_of_their_steps(tmp_path: Path) -> None:
    write(tmp_path, COIN_json=STEPS)
    found = datasets.read("coin:unit=timed", tmp_path, "test")
    assert found.videos == (
        Video("x", ("wear a mask", "weld"), moments=(Moment(1.0, 2.0, 7), Moment(2.0, 9.0, 5))),
    )
    assert [one["label"] for one in found.text_columns(found.videos[0])] == ["wear a mask", "weld"]
    assert "1 videos instead of 2,797" in found.notes()[0]
    assert "3 classes instead of 778" in found.notes()[0]


def test_malformed_coin(tmp_path: Path) -> None:
    write(tmp_path, COIN_json={"database": {"x": {"subset": "testing"}}})
    assert "database.x: expected an object with 'class'" in refusal("coin", tmp_path, "test")


# --- HTM-Align

SPEECH = {"v": [[0, 1.5, 4, " hello "], [1, 9.0, 7, "cut it"]], "w": [[1, 0, 2, "stir"]]}


def test_htm_align_has_times_and_labels(tmp_path: Path) -> None:
    found = datasets.read("htm-align:unit=clips", write(tmp_path, htm_align_json=SPEECH), "test")
    assert found.videos == (
        Video("v_0", ("hello",), "v", 1.5, 4, 0, 0),
        Video("v_1", ("cut it",), "v", 7, 9, 1, 1),
        Video("w_0", ("stir",), "w", 0, 2, 0, 1),
    )
    whole = datasets.read("htm-align:unit=videos", tmp_path, "test")
    assert whole.videos[0] == Video("v", ("hello cut it",))
    assert "2 videos instead of 80" in whole.notes()[0]


def test_htm_align_is_of_whole_videos_whose_sentences_have_times(tmp_path: Path) -> None:
    found = datasets.read("htm-align", write(tmp_path, htm_align_json=SPEECH), "test")
    assert found.videos == (
        Video("v", ("hello", "cut it"), moments=(Moment(1.5, 4, 0), Moment(7, 9, 1))),
        Video("w", ("stir",), moments=(Moment(0, 2, 1),)),
    )
    assert found.facts == ()
    assert found.text_columns(found.videos[0]) == [
        {"start": 1.5, "end": 4, "label": "0"},
        {"start": 7, "end": 9, "label": "1"},
    ]
    assert found.notes()[0] == (
        "1 segments end before they start ('v#1'): start and end are swapped."
    )
    frames = {
        spec: datasets.datasets.parse(spec).frames
        for spec in ("htm-align", "htm-align:unit=clips", "coin:unit=timed", "coin", "msvd")
    }
    assert list(frames.values()) == ["fps:1", "", "fps:1", "", ""]
    kept = found.bank(2)
    assert [video.moments for video in kept.videos] == [((1.5, 4, 0),), ((0, 2, 1),)]


def test_malformed_htm_align(tmp_path: Path) -> None:
    write(tmp_path, htm_align_json={"v": [[2, 0, 1, "x"]]})
    assert "v[0]: expected [alignable (0 or 1), start, end, sentence]" in refusal(
        "htm-align", tmp_path, "test"
    )
