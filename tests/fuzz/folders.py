"""A small annotation folder for each dataset reader."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

_SEGMENTS = [{"id": 1, "segment": [0, 5], "sentence": "cut", "label": "cut"}]
_KARPATHY = {
    "images": [
        {"filename": "a.jpg", "split": "test", "filepath": "val", "sentences": [{"raw": "x"}]}
    ]
}
_MSRVTT = {
    "videos": [{"video_id": "video0", "category": 1, "split": "train"}],
    "sentences": [{"video_id": "video0", "caption": "a cat"}],
}
_COOK = {"subset": "validation", "duration": 20.5, "annotations": _SEGMENTS}
_COIN = {"subset": "testing", "class": "Cook", "annotation": _SEGMENTS}
_MC = "\t".join(("vid_key", "a1", "a2", "a3", "a4", "a5", "answer"))
_CSV = "video_id,caption,file,start,end,position,label\na,a cat,f,0,1.5,0,x\nb,é dog,f,2,3,1,2\n"

READERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("csv", "test", {"test.csv": _CSV}),
    ("json", "test", {"test.json": {"a": ["a cat", "b"], "b": ["c"]}}),
    ("json", "test", {"test.json": [{"video_id": "a", "caption": ["x"], "start": 0, "end": 1}]}),
    (
        "activitynet",
        "val_1",
        {"val_1.json": {"v_a": {"duration": 9.5, "timestamps": [[0, 2]], "sentences": ["He"]}}},
    ),
    ("youcook2", "val", {"youcookii_annotations_trainval.json": {"database": {"a": _COOK}}}),
    (
        "youcook2:unit=windows",
        "val",
        {"youcookii_annotations_trainval.json": {"database": {"a": _COOK}}},
    ),
    ("coin", "test", {"COIN.json": {"database": {"a": _COIN}}}),
    ("coin:unit=clips", "test", {"COIN.json": {"database": {"a": _COIN}}}),
    ("coin:unit=timed", "test", {"COIN.json": {"database": {"a": _COIN}}}),
    ("htm-align", "test", {"htm_align.json": {"a": [[1, 0, 2.5, "cut"], [0, 3, 4, "hi"]]}}),
    ("coco", "test", {"dataset_coco.json": _KARPATHY}),
    ("flickr30k", "test", {"dataset_flickr30k.json": _KARPATHY}),
    (
        "didemo",
        "test",
        {"test_data.json": [{"video": "u_1_a.mov", "description": "x", "times": []}]},
    ),
    ("lsmdc", "full-test", {"LSMDC16_annos_test.csv": "m_a\t0\t1\t0\t1\tSOMEONE sits.\n" * 2}),
    ("msrvtt", "train", {"train_val_videodatainfo.json": _MSRVTT}),
    (
        "msrvtt",
        "test",
        {"MSRVTT_JSFUSION_test.csv": "key,vid_key,video_id,sentence\nr,m,video0,a\n"},
    ),
    ("msrvtt-mc", "test", {"MSR_MC_test.csv": _MC + "\nmsr1\ta\tb\tc\td\te\t0\n"}),
    ("msvd", "test", {"test_list.txt": "a_1_2\n", "captions_msvd.json": {"a_1_2": ["a cat"]}}),
    (
        "vatex",
        "public-test",
        {
            "vatex_public_test_english_v1.1.json": [
                {"videoID": "a_000001_000011", "enCap": ["x", "y"], "chCap": []}
            ]
        },
    ),
    ("retrieval-json", "x", {"x.json": [{"video": "a/b.mp4", "caption": ["x", "y"]}]}),
    ("retrieval-json:unit=paragraphs", "x", {"x.jsonl": '{"vid": "b", "query": "x"}\n'}),
    ("msrvtt", "test", {"msrvtt_ret_test1k.json": [{"video": "video0.mp4", "caption": "x"}]}),
    ("youcook2", "val-3350", {"validation_youcook.csv": "end,start,text,video_id\n9,1,x,a\n"}),
    (
        "tvr:unit=clips",
        "val",
        {"tvr_val_release.jsonl": '{"vid_name": "a", "ts": [0, 2.5], "desc": "He"}\n'},
    ),
    (
        "qvhighlights",
        "val",
        {"highlight_val_release.jsonl": '{"vid":"a","query":"x","relevant_windows":[[0,2]]}\n'},
    ),
    ("charades-sta", "test", {"charades_sta_test.txt": "AO8RW 0.0 6.9##a person.\n"}),
    ("lsmdc", "val", {"LSMDC16_annos_val_someone.csv": "clip_id,caption\nm_a,SOMEONE\n"}),
)
"""Dataset, split and its files; what is no text is written as JSON."""


def folder_of(content: dict[str, Any]) -> dict[str, bytes]:
    return {
        name: (value if isinstance(value, str) else json.dumps(value)).encode()
        for name, value in content.items()
    }


def packed(content: dict[str, bytes]) -> dict[str, bytes]:
    """Return the same in a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(f"inner/{name}", data)
    return {"all.zip": stream.getvalue()}
