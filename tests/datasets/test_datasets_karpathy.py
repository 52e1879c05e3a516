from pathlib import Path
from typing import Any

import pytest
from small_annotations import refusal, write

from vrbench import datasets
from vrbench.datasets import Video


def image(name: str, split: str, n: int = 5, **more: str) -> dict[str, Any]:
    sentences = [{"raw": f"{name} {k}.", "tokens": [], "sentid": k} for k in range(n)]
    return {"filename": f"{name}.jpg", "split": split, "sentences": sentences, **more}


def test_flickr30k(tmp_path: Path) -> None:
    images = [image("1", "train"), image("2", "test"), image("3", "test")]
    write(tmp_path, dataset_flickr30k_json={"images": images, "dataset": "flickr30k"})
    found = datasets.read("flickr30k", tmp_path, "test")
    assert found.videos[0] == Video("2", tuple(f"2 {k}." for k in range(5)))
    assert "2 videos instead of 1,000, 10 texts instead of 5,000" in found.notes()[0]


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    images = [
        image("COCO_val2014_1", "restval", filepath="val2014"),
        image("COCO_train2014_2", "train", filepath="train2014"),
        image("COCO_val2014_3", "test", 7, filepath="val2014"),
    ]
    return write(tmp_path, dataset_coco_json={"images": images})


def test_restval_belongs_to_train(coco: Path) -> None:
    found = datasets.read("coco", coco, "train")
    assert [video.id for video in found.videos] == ["COCO_val2014_1", "COCO_train2014_2"]
    assert found.videos[0].file == "val2014/COCO_val2014_1"


def test_coco_with_all_captions_or_five(coco: Path) -> None:
    everything = datasets.read("coco", coco, "test")
    five = datasets.read("coco:most=5", coco, "test")
    assert (everything.n_texts, five.n_texts) == (7, 5)
    assert five.videos[0].texts == everything.videos[0].texts[:5]
    assert (everything.expected.texts, five.expected.texts) == (25_010, 25_000)
    assert datasets.read("coco:most=6", coco, "test").expected.texts is None
    assert "most must not be negative" in refusal("coco:most=-1", coco, "test")


def test_malformed_images_are_refused_with_their_place(tmp_path: Path) -> None:
    write(tmp_path, dataset_coco_json={"images": [image("1", "val"), {"split": "val"}]})
    message = refusal("coco", tmp_path, "val")
    assert "dataset_coco.json, images[1]: expected an object with 'sentences'" in message
