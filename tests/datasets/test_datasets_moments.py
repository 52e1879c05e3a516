"""Datasets with queries on moments of videos."""

import json
from pathlib import Path

import pytest
from small_annotations import refusal, write

from vrbench import datasets
from vrbench.datasets import Video
from vrbench.datasets.items import Moment

TVR = "".join(
    json.dumps({"vid_name": v, "duration": 61.5, "ts": ts, "desc": d, "type": "v", "desc_id": 1})
    + "\n"
    for v, ts, d in (
        ("b", [16.48, 33.87], "One. "),
        ("a", [0, 2.29], "Two."),
        ("b", [9, 3], "Three."),
    )
)


def test_tvr(tmp_path: Path) -> None:
    found = datasets.read("tvr", write(tmp_path, tvr_val_release_jsonl=TVR), "val")
    assert found.videos == (
        Video("b", ("One.", "Three."), moments=(Moment(16.48, 33.87), Moment(3, 9))),
        Video("a", ("Two.",), moments=(Moment(0, 2.29),)),
    )
    [swapped] = found.notes()
    assert swapped.startswith("1 segments end before they start ('b#1')")
    assert datasets.datasets.parse("tvr").frames == "fps:1"
    clips = datasets.read("tvr:unit=clips", tmp_path, "val")
    assert clips.videos[1] == Video("b_1", ("Three.",), "b", 3, 9, 1)
    whole = datasets.read("tvr:unit=videos", tmp_path, "val")
    assert whole.captions_by_video == {"b": ["One. Three."], "a": ["Two."]}


def test_qvhighlights(tmp_path: Path) -> None:
    lines = [
        {
            "qid": 1,
            "query": "A family.",
            "duration": 126,
            "vid": "x_660.0_810.0",
            "relevant_windows": w,
        }
        for w in ([[0, 16]], [[40, 50], [10, 12]])
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    found = datasets.read("qvhighlights", write(tmp_path, highlight_val_release_jsonl=text), "val")
    moments = (Moment(0, 16), Moment(10, 50))
    assert found.videos == (Video("x_660.0_810.0", ("A family.",) * 2, moments=moments),)
    assert found.notes() == ["1 texts repeat a text of the same video; all are kept."]


def test_charades_sta(tmp_path: Path) -> None:
    text = "AO8RW 0.0 6.9##a person is putting a book.\nB 1 2##x ## y\n\nAO8RW 3 4.5##he sits.\n"
    found = datasets.read("charades-sta", write(tmp_path, charades_sta_test_txt=text), "test")
    assert found.captions_by_video == {
        "AO8RW": ["a person is putting a book.", "he sits."],
        "B": ["x ## y"],
    }
    assert found.videos[0].moments == (Moment(0, 6.9), Moment(3, 4.5))
    assert "3 texts instead of 3,720" in found.notes()[0]


FILES = {
    "tvr": ("val", "tvr_val_release_jsonl"),
    "qvhighlights": ("val", "highlight_val_release_jsonl"),
    "charades-sta": ("test", "charades_sta_test_txt"),
}
WINDOWS = '{"vid": "a", "query": "x", "relevant_windows": []}'


@pytest.mark.parametrize(
    ("spec", "text", "says"),
    [
        ("tvr", '{"desc": "x"}', "line 1: expected an object with 'vid_name'"),
        ("tvr", "{", "line 1"),
        ("tvr", '{"vid_name": "a", "desc": "x", "ts": [1]}', "ts: expected start and end"),
        ("qvhighlights", '{"vid": "a", "query": "x"}', "'relevant_windows'"),
        ("qvhighlights", WINDOWS, "expected at least one window"),
        ("charades-sta", "A 1##x", "line 1: expected '<video> <start> <end>##<sentence>'"),
        ("charades-sta", "A 1 2 x", "line 1: expected '<video>"),
        ("charades-sta", "A 1 nan##x", "line 1: expected a number, found 'nan'"),
    ],
)
def test_malformed_lines(spec: str, text: str, says: str, tmp_path: Path) -> None:
    split, file = FILES[spec]
    assert says in refusal(spec, write(tmp_path, **{file: text}), split)


def test_a_test_split_without_videos_is_not_offered(tmp_path: Path) -> None:
    assert "Unknown split 'test' of tvr" in refusal("tvr", tmp_path, "test")
