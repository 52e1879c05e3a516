"""Redistributed forms: JSON lists, JSON lines, and the CSV files of other repositories."""

import re
from pathlib import Path
from typing import Any

import pytest
from small_annotations import refusal, write

from vrbench import datasets
from vrbench.datasets import Video


def test_a_list_of_captioned_videos(tmp_path: Path) -> None:
    entries = [
        {"video": "video9.mp4", "caption": " a cat "},
        {"video": "video7.MP4", "caption": ["one", "two"], "source": "MSR-VTT", "id": 0},
        {"video": "video9.mp4", "caption": "again"},
    ]
    write(tmp_path, msrvtt_ret_test1k_json=entries)
    found = datasets.read("retrieval-json", tmp_path, "msrvtt_ret_test1k")
    assert found.videos == (Video("video9", ("a cat", "again")), Video("video7", ("one", "two")))
    assert "2 videos instead of 1,000, 4 texts instead of 1,000" in found.notes()[0]


def test_1k_a_from_either_file(tmp_path: Path) -> None:
    entries = [{"video": f"video{k}.mp4", "caption": f"c{k}"} for k in (9, 7)]
    write(tmp_path, msrvtt_ret_test1k_json=entries)
    found = datasets.read("msrvtt", tmp_path, "test")
    assert found.captions_by_video == {"video9": ["c9"], "video7": ["c7"]}
    write(tmp_path, MSRVTT_JSFUSION_test_csv="video_id,sentence\nvideo1,x\n")
    assert [v.id for v in datasets.read("msrvtt", tmp_path, "test").videos] == ["video1"]
    other = write(tmp_path / "other", msrvtt_test_1k_json=[{"video_id": "video3", "caption": "x"}])
    assert datasets.read("msrvtt", other, "test").videos == (Video("video3", ("x",)),)
    message = refusal("msrvtt", write(tmp_path / "none"), "test")
    assert "MSRVTT_JSFUSION_test.csv or msrvtt_ret_test1k.json or msrvtt_test_1k.json" in message


def test_paragraphs_and_folders(tmp_path: Path) -> None:
    clip = "1004_Juno/1004_Juno_00.00.32.801-00.00.37.901"
    entries = [
        {"video": "v_a.mp4", "caption": ["He sits. ", " He stands."]},
        {"video": f"{clip}.avi", "caption": "x"},
    ]
    write(tmp_path, anet_ret_val_1_json=entries)
    found = datasets.read("retrieval-json:unit=paragraphs", tmp_path, "anet_ret_val_1")
    assert found.videos == (
        Video("v_a", ("He sits. He stands.",)),
        Video("1004_Juno_00.00.32.801-00.00.37.901", ("x",), clip),
    )
    assert "2 videos instead of 4,917, 2 texts instead of 4,917" in found.notes()[0]
    whole = datasets.read("retrieval-json", tmp_path, "anet_ret_val_1")
    assert whole.captions_by_video["v_a"] == ["He sits.", "He stands."]
    assert "3 texts instead of 17,505" in whole.notes()[0]


@pytest.mark.parametrize("video", ["video", "image", "clip_name", "video_id", "vid"])
@pytest.mark.parametrize("text", ["caption", "sentence", "query", "desc", "text"])
def test_names_of_keys(video: str, text: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        x_jsonl=f'{{"{video}": "a.jpg", "{text}": "one"}}\n\n{{"{video}": "b", "{text}": "c"}}\n',
    )
    found = datasets.read("retrieval-json", tmp_path, "x")
    assert found.captions_by_video == {"a": ["one"], "b": ["c"]}
    assert found.notes() == []


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([{"caption": "x"}], r"x.json, \[0\]: expected an object with 'video' or 'image'"),
        ([{"video": "a"}], r"\[0\]: expected an object with 'caption' or 'sentence'"),
        ([{"video": 3, "caption": "x"}], r"\[0\].video: expected a text, found 3"),
        ([{"video": "a", "caption": [3]}], r"\[0\].caption\[0\]: expected a text, found 3"),
        (["a"], r"\[0\]: expected an object with 'video'"),
        ({"a": 1}, "expected an object with 'annotations'"),
        (3, "expected a list, found 3"),
        ([], "names no video"),
        (
            [{"video": "a/x.mp4", "caption": "x"}, {"video": "b/x.mp4", "caption": "y"}],
            r"\[1\].video: expected 'a/x', as for another entry of 'x', found 'b/x.mp4'",
        ),
        ([{"video": "../x.mp4", "caption": "x"}], "'../x' cannot name a video"),
    ],
)
def test_malformed_lists(entries: Any, says: str, tmp_path: Path) -> None:
    assert re.search(says, refusal("retrieval-json", write(tmp_path, x_json=entries), "x"))


def test_the_file_of_mil_nce(tmp_path: Path) -> None:
    lines = ("60,47,226,pick the ends,xH", "9,4,1,boil,aB", "89,67,226,mix,xH")
    rows = "\n".join(("end,start,task,text,video_id", *lines, ""))
    write(tmp_path, validation_youcook_csv=rows)
    found = datasets.read("youcook2", tmp_path, "val-3350")
    assert found.videos == (
        Video("xH_0", ("pick the ends",), "xH", 47, 60, 0),
        Video("xH_1", ("mix",), "xH", 67, 89, 1),
        Video("aB_0", ("boil",), "aB", 4, 9, 0),
    )
    assert "3 videos instead of 3,350, 3 texts instead of 3,350" in found.notes()[0]
    whole = datasets.read("youcook2:unit=videos", tmp_path, "val-3350")
    assert whole.captions_by_video == {"xH": ["pick the ends mix"], "aB": ["boil"]}
    assert "2 videos instead of 436" in whole.notes()[0]
    assert "no durations" in refusal("youcook2:unit=windows", tmp_path, "val-3350")
    write(tmp_path, validation_youcook_csv=rows.replace("60", "soon"))
    assert "line 2, end: expected a number, found 'soon'" in refusal(
        "youcook2", tmp_path, "val-3350"
    )


def test_variants_of_lsmdc(tmp_path: Path) -> None:
    line = "m_0\t0\t1\t0\t1\tSOMEONE sits.\n"
    someone = write(tmp_path / "a", LSMDC16_annos_val_someone_csv=line)
    assert datasets.read("lsmdc", someone, "val").captions_by_video == {"m_0": ["SOMEONE sits."]}
    for text in (
        'video_id,sentence\nm_0,"SOMEONE sits, stands."\nm_1,x\n',
        "clip\tstart\tdescription\nm_0\t0\tSOMEONE sits, stands.\nm_1\t1\tx\n",
    ):
        folder = write(tmp_path / "b", LSMDC16_challenge_1000_publictect_csv=text)
        found = datasets.read("lsmdc", folder, "test")
        assert found.captions_by_video == {"m_0": ["SOMEONE sits, stands."], "m_1": ["x"]}
        assert found.videos[0].file == "m/m_0"
    empty = write(tmp_path / "c", LSMDC16_annos_val_csv="")
    assert "names no video" in refusal("lsmdc", empty, "val")


def test_lists_of_vatex_by_their_other_name(tmp_path: Path) -> None:
    items = [{"videoID": name, "enCap": ["x"] * 10} for name in "abc"]
    write(tmp_path, **{"vatex_validation_v1.0_json": items}, vatex_test1k5_txt="c\na\n")
    assert [v.id for v in datasets.read("vatex", tmp_path, "test").videos] == ["c", "a"]
    assert "val_list.txt or vatex_val1k5.txt" in refusal("vatex", tmp_path, "val-1500")
