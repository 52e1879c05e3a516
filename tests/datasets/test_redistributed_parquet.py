"""Annotations as parquet, with the columns that VLM2Vec's loaders of MMEB-V2 read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from archived import write_parquet

from vrbench.datasets import read, read_captions
from vrbench.errors import InputError

NAMES = ["v1", "v2", "v1"]
MSRVTT: dict[str, Any] = {
    "video_id": NAMES,
    "video": [f"{n}.mp4" for n in NAMES],
    "caption": list("xyz"),
}
VATEX = {"videoID": ["a_1_2", "b_3_4"], "enCap": [["x", "y"], ["z"]]}
YOUCOOK2 = {"id": ["0", "1"], "video_path": ["val/a_0.mp4", "val/b_1.mp4"], "sentence": list("xy")}


@pytest.mark.parametrize(
    ("columns", "videos"),
    [
        (MSRVTT, {"v1": ("x", "z"), "v2": ("y",)}),
        (VATEX, {"a_1_2": ("x", "y"), "b_3_4": ("z",)}),
        (YOUCOOK2, {"a_0": ("x",), "b_1": ("y",)}),
    ],
)
def test_rows_of_vlm2vec(columns: dict[str, Any], videos: dict[str, Any], tmp_path: Path) -> None:
    write_parquet(tmp_path / "test-00000-of-00001.parquet", **columns)
    found = read("retrieval-json", tmp_path, "test").videos
    assert {video.id: video.texts for video in found} == videos


def test_a_file_of_captions(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "c.parquet", **MSRVTT)
    found = {video.id: video.texts for video in read_captions(path).videos}
    assert found == {"v1": ("x", "z"), "v2": ("y",)}
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"c\.parquet is no parquet file"):
        read_captions(path)
