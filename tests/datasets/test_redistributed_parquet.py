"""Annotations as parquet, with the columns that VLM2Vec's loaders of MMEB-V2 read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from archived import write_parquet

from vrbench.datasets import read, read_captions
from vrbench.errors import InputError

MSRVTT = {"video_id": ["v1", "v2", "v1"], "video": ["v1.mp4", "v2.mp4", "v1.mp4"], "caption": list("xyz")}  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "videos"),
    [
        (MSRVTT, {"v1": ("x", "z"), "v2": ("y",)}),
        ({"videoID": ["a_1_2", "b_3_4"], "enCap": [["x", "y"], ["z"]]}, {"a_1_2": ("x", "y"), "b_3_4": ("z",)}),
        ({"id": ["0", "1"], "video_path": ["val/a_0.mp4", "val/b_1.mp4"], "sentence": ["x", "y"]}, {"a_0": ("x",), "b_1": ("y",)}),
    ],
)  # fmt: skip
def test_rows_of_vlm2vec(columns: dict[str, Any], videos: dict[str, Any], tmp_path: Path) -> None:
    write_parquet(tmp_path / "test-00000-of-00001.parquet", **columns)
    found = read("retrieval-json", tmp_path, "test").videos
    assert {video.id: video.texts for video in found} == videos


def test_a_file_of_captions(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "c.parquet", **MSRVTT)
    assert [(v.id, v.texts) for v in read_captions(path).videos] == [("v1", ("x", "z")), ("v2", ("y",))]  # fmt: skip
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"c\.parquet is no parquet file"):
        read_captions(path)
