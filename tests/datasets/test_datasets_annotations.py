from math import isnan
from pathlib import Path

from small_annotations import write

from vrbench import datasets
from vrbench.datasets import Annotations, Split, Video
from vrbench.datasets.captions import Caption

VIDEOS = (
    Video("a", ("one", "two", "one"), label=1),
    Video("b", ("three",)),
    Video("c", ("one", "")),
)


def made(expected: Split | None = None) -> Annotations:
    return Annotations("csv", "test", VIDEOS, {1: "x"}, expected or Split())


def test_captions_are_numbered_by_video() -> None:
    assert made().captions[:3] == [
        Caption("a#0", "a", "one"),
        Caption("a#1", "a", "two"),
        Caption("a#2", "a", "one"),
    ]
    assert [caption.id for caption in made().captions[3:]] == ["b#0", "c#0", "c#1"]
    assert made().n_texts == 6


def test_captions_by_video_are_those_of_one_csv(tmp_path: Path) -> None:
    folder = write(tmp_path, test_csv='video_id,caption\nb, two \na,"x, y"\nb,\nb, two \n')
    captions = datasets.read("csv", folder, "test").captions_by_video
    alone = datasets.read_csv(folder / "test.csv").captions_by_video
    assert captions == alone == {"b": ["two", "", "two"], "a": ["x, y"]}
    assert list(captions) == list(alone) == ["b", "a"]


def test_what_is_said_of_any_video_is_a_column_of_all(tmp_path: Path) -> None:
    said = "video_id,caption,label,file,position,start\na,x,cat,f,0,1.5\nb,y,,,,\n"
    found = datasets.read_csv(write(tmp_path, test_csv=said) / "test.csv")
    a, b = map(found.columns, found.videos)
    assert a == {"label": "cat", "sequence": "f", "position": 0, "start": 1.5}
    assert (b["label"], b["sequence"], b["position"], isnan(b["start"])) == ("", "", -1, True)
    assert found.between(1, 2).columns(found.videos[1]).keys() == b.keys()
    assert made().columns(VIDEOS[0]) == {}


def test_a_sequence_is_the_file_of_a_clip() -> None:
    assert Video("a_0", (), "a", 0.0, 1.0, 0).sequence == "a"
    assert Video("a_0", (), "a").sequence is None


def test_first() -> None:
    assert [video.id for video in made().first(2).videos] == ["a", "b"]
    assert made().first(9) == made()


def test_a_bank_has_as_many_videos_as_there_are() -> None:
    taken = {size: made().bank(size).captions_by_video for size in (2, 4, 9)}
    assert taken[2] == {"a": ["one"], "b": ["three"]}
    assert taken[4] == {"a": ["one", "two"], "b": ["three"], "c": ["one"]}
    assert taken[9] == made().captions_by_video


def test_a_bank_says_how_many_distinct_items_it_has() -> None:
    assert made(Split(videos=7)).bank(4).notes() == [
        "The bank of 4 pairs from csv test has 3 distinct videos and 4 captions, 3 of them "
        "different."
    ]


def test_notes_count_what_is_odd() -> None:
    assert made().notes() == [
        "1 texts are empty.",
        "1 texts repeat a text of the same video; all are kept.",
    ]


def test_notes_compare_with_the_published_counts() -> None:
    assert made(Split(videos=3, texts=6, labels=1)).notes() == made().notes()
    note = made(Split(videos=4, texts=1000, labels=2, about="as annotated")).notes()[0]
    assert note == (
        "csv test has 3 videos instead of 4, 6 texts instead of 1,000, 1 classes instead of 2 "
        "(as annotated): numbers on it are not those of the published split."
    )
