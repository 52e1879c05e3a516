from pathlib import Path

import pytest
from small_annotations import refusal, write

from vrbench import datasets


def test_the_list_says_which_videos_and_in_what_order(tmp_path: Path) -> None:
    captions = {"a_0_1": ["x", "y", "x"], "b_2_3": ["z"], "c_4_5": []}
    write(tmp_path, captions_msvd_json=captions, test_list_txt="b_2_3\r\n\r\na_0_1 \n")
    found = datasets.read("msvd", tmp_path, "test")
    assert list(found.captions_by_video.items()) == [("b_2_3", ["z"]), ("a_0_1", ["x", "y", "x"])]
    assert found.videos[0].start is None
    assert "label" not in found.facts
    assert found.notes() == [
        "msvd test has 2 videos instead of 670, 4 texts instead of 27,763 (all captions): numbers "
        "on it are not those of the published split.",
        "1 texts repeat a text of the same video; all are kept.",
    ]


def test_malformed_files_are_refused_with_their_place(tmp_path: Path) -> None:
    write(tmp_path, captions_msvd_json={"a": ["x", 3]}, test_list_txt="a\nb\n")
    message = refusal("msvd", tmp_path, "test")
    assert message.endswith("captions_msvd.json, a[1]: expected a text, found 3.")
    write(tmp_path, captions_msvd_json={"a": ["x"]})
    message = refusal("msvd", tmp_path, "test")
    assert message.endswith("test_list.txt, line 2: captions_msvd.json has no video 'b'.")


REAL = {"test": (670, 27_763, 3730), "train": (1200, 48_774, 6468), "val": (100, 4290, 647)}
"""Videos, texts, and texts that repeat another one of their video."""


@pytest.mark.parametrize("split", REAL)
def test_the_real_files_have_the_published_counts(split: str, shared_data: Path) -> None:
    found = datasets.read("msvd", shared_data / "annotations/msvd", split)
    videos, texts, again = REAL[split]
    assert (len(found.videos), found.n_texts) == (videos, texts)
    assert found.notes() == [f"{again:,} texts repeat a text of the same video; all are kept."]
    assert all(text.isascii() and text == text.lower() != "" for _, _, text in _flat(found))


def _flat(found: datasets.Annotations) -> list[tuple[str, str, str]]:
    return [(caption.id, caption.video, caption.text) for caption in found.captions]


def test_the_real_splits_are_all_videos_once(shared_data: Path) -> None:
    folder = shared_data / "annotations/msvd"
    ids = [v.id for split in REAL for v in datasets.read("msvd", folder, split).videos]
    assert len(ids) == len(set(ids)) == 1970
    first = datasets.read("msvd", folder, "test").captions[0]
    assert first.id == "eyhzdC936uk_15_27#0"
