"""Parquet: a row an item, a row a pair, and shards of clip-retrieval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from archived import write_parquet
from laid_out import CAPTIONS, Data, check, owner

from vrbench.errors import InputError
from vrbench.importing import Given, read_arrays
from vrbench.importing.to_features import import_arrays


@pytest.mark.parametrize("fixed", [False, True])
def test_parquet(fixed: bool, tmp_path: Path) -> None:
    data, names = Data.of_vectors(), list(CAPTIONS)
    video = write_parquet(
        tmp_path / "v.parquet",
        fixed,
        id=list(data.video),
        embedding=np.stack(list(data.video.values())),
    )
    more = {"url": [None] * len(names), "n": np.arange(len(names))}
    texts = np.stack([data.text[name] for name in names])
    captions = [CAPTIONS[name] for name in names]
    videos = [f"{owner(name)}.mp4" for name in names]
    text = write_parquet(
        tmp_path / "t.parquet", fixed, **more, video_id=videos, caption=captions, text_embeds=texts,
        text_id=names,
    )  # fmt: skip
    check(Given(video=video, text=text), tmp_path, data, captions=True)
    (tmp_path / "shards").mkdir()
    for i, part in enumerate(np.array_split(np.arange(len(names)), 2)):
        write_parquet(
            tmp_path / "shards" / f"t-{i}.parquet", fixed, text_id=[names[i] for i in part],
            text_embeds=texts[part],
        )  # fmt: skip
    check(Given(video=video, text=tmp_path / "shards"), tmp_path, data)


def test_pairs_in_the_rows_of_one_parquet(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    video, text = rng.standard_normal((2, 3, 4)).astype(np.float32)
    source = write_parquet(
        tmp_path / "a.parquet", image_id=["a", "b", "c"], image_embedding=video,
        caption_embedding=text, caption=["x", "y", "z"],
    )  # fmt: skip
    with h5py.File(import_arrays(source, tmp_path / "made.h5")) as file:
        np.testing.assert_array_equal(file["video/tokens"], video)
        np.testing.assert_array_equal(file["text/tokens"], text)
        assert file["video/ids"].asstr()[:].tolist() == ["a", "b", "c"]
        assert file["text/captions"].asstr()[:].tolist() == ["x", "y", "z"]
        assert file["text/video"][:].tolist() == [0, 1, 2]


def test_a_column_of_ids_is_named_by_key(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    columns: dict[str, Any] = {"id": [*"abc"], "video_embedding": x, "text_embedding": x}
    path = write_parquet(tmp_path / "a.parquet", **columns)
    said = f"'id' in {path} is not read. If it names the videos, say so: --key id=video_ids."
    assert said in read_arrays(path).notes
    found = read_arrays(Given(path, keys={"id": "video_ids"}))
    assert found.sides["video"].ids.tolist() == [*"abc"]
    named = write_parquet(tmp_path / "b.parquet", **columns, video_id=[*"xyz"])
    said = f"'id' in {named} is not read. If it names the texts, say so: --key id=text_ids."
    assert said in read_arrays(named).notes
    alone = write_parquet(tmp_path / "c.parquet", id=[*"abc"], embedding=x)
    with pytest.raises(InputError, match=r"it holds embedding, id\.$"):
        read_arrays(alone)


@pytest.mark.parametrize("fixed", [False, True])
def test_parquet_of_tokens(fixed: bool, tmp_path: Path) -> None:
    """A list of lists is the tokens of an item, whatever its column is called."""
    data = Data.of_tokens()
    texts = list(data.text.values())
    video = write_parquet(
        tmp_path / "v.parquet", fixed, id=list(data.video), embedding=list(data.video.values())
    )
    for name in ("text_tokens", "tokens", "embeddings"):
        columns: dict[str, Any] = {"text_id": list(data.text), name: texts}
        text = write_parquet(tmp_path / "t.parquet", fixed, **columns)
        check(Given(video=video, text=text), tmp_path, data)


@pytest.mark.parametrize("tokens", [False, True])
def test_videos_that_stand_once_for_each_caption(tokens: bool, tmp_path: Path) -> None:
    """As VLM2Vec's MSR-VTT has ``video_id``, ``video`` and ``caption``."""
    rng = np.random.default_rng(0)
    videos = {name: rng.standard_normal((n, 4)).astype("f4") for name, n in (("b", 2), ("a", 3))}
    owners, x = ["b", "a", "b"], rng.standard_normal((3, 4)).astype(np.float32)

    def write(**more: Any) -> Path:
        embedding = [videos[name] for name in owners]
        columns: dict[str, Any] = {
            "video_id": owners,
            "video": [f"{name}.mp4" for name in owners],
            "caption": [["x"], ["y"], ["z"]],
            "video_embedding": embedding if tokens else np.stack([v[0] for v in embedding]),
            "text_embedding": x,
        }
        return write_parquet(tmp_path / "a.parquet", **columns | more)

    notes: list[str] = []
    with h5py.File(import_arrays(write(), tmp_path / "made.h5", note=notes.append)) as file:
        assert file["video/ids"].asstr()[:].tolist() == ["b", "a"]
        whole = np.concatenate([videos["b"], videos["a"]])
        expected = whole if tokens else np.stack([videos["b"][0], videos["a"][0]])
        np.testing.assert_array_equal(file["video/tokens"], expected)
        assert file["text/video"][:].tolist() == [0, 1, 0]
        assert file["text/ids"].asstr()[:].tolist() == ["b#0", "a#0", "b#1"]
        assert file["text/captions"].asstr()[:].tolist() == ["x", "y", "z"]
    assert any("2 of 3 are kept" in note for note in notes)
    named = write(text_id=["t9", "t7", "t8"])  # names that name no video: the rows are pairs
    assert read_arrays(named).sides["text"].item_columns["video"].tolist() == [0, 1, 0]
    others = [videos["b"], videos["a"], videos["b"] + 1]
    odd = write(video_embedding=others if tokens else np.stack([v[0] for v in others]))
    with pytest.raises(InputError, match=r"has 'b' in rows 0 and 2 of video.*, and they differ"):
        read_arrays(odd)


def test_npz_of_videos_that_stand_once_for_each_caption(tmp_path: Path) -> None:
    x, video = np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)[[0, 0, 1, 0]]
    np.savez(tmp_path / "a.npz", video=video, text=x, video_ids=["a", "a", "b", "a"])
    np.savez(tmp_path / "b.npz", video=video, text=x, video_ids=["a", "a", "b", "a"],
             text_ids=["b#0", "a#0", "a#2", "a#1"])  # fmt: skip
    for name, links in (("a", [0, 0, 1, 0]), ("b", [1, 0, 0, 0])):
        sides = read_arrays(tmp_path / f"{name}.npz").sides
        assert sides["video"].ids.tolist() == ["a", "b"]
        assert sides["text"].item_columns["video"].tolist() == links


def test_parquet_that_is_refused(tmp_path: Path) -> None:
    x = np.ones((3, 4), np.float32)
    path = write_parquet(
        tmp_path / "a.parquet", video_embedding=x, text_embedding=x, caption=["a", None, "c"]
    )
    with pytest.raises(InputError, match="lacks a value in some row in column 'caption'"):
        read_arrays(path)
    several: dict[str, Any] = {"caption": [["a"], ["b", "c"], ["d"]]}
    path = write_parquet(path, video_embedding=x, text_embedding=x, **several)
    with pytest.raises(InputError, match="holds several strings in a row in column 'caption'"):
        read_arrays(path)
    path.write_bytes(path.read_bytes()[:-20] + bytes(20))
    with pytest.raises(InputError, match=r"a\.parquet is no parquet file"):
        read_arrays(path)
    # 40 MB of the same number in a file of some kB
    zeros = np.zeros((20_000, 2_000), np.float32)
    both = {"video_embedding": zeros, "text_embedding": zeros}
    bomb = write_parquet(tmp_path / "b.parquet", fixed=True, **both)
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(InputError, match=r"unpacks to more than 100 times|falls over it"):
        read_arrays(bomb)


@pytest.mark.parametrize("flat", [False, True])
def test_shards_of_clip_retrieval(flat: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    source, sizes = tmp_path / "all", {0: 3, 1: 2, 10: 4}
    rows = {
        what: rng.standard_normal((9, 4)).astype(np.float16) for what in ("img_emb", "text_emb")
    }
    names = [f"000{i}" for i in range(9)]
    start = 0
    for number, n in sizes.items():
        part = slice(start, start + n)
        for what, x in rows.items():
            folder = source if flat else source / what
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / f"{what}_{number}.npy", x[part])
        folder = source if flat else source / "metadata"
        folder.mkdir(parents=True, exist_ok=True)
        said: dict[str, Any] = {
            "key": names[part],
            "caption": [f"of {name}" for name in names[part]],
        }
        write_parquet(folder / f"metadata_{number}.parquet", **said, url=[None] * n)
        start += n
    with h5py.File(import_arrays(source, tmp_path / "made.h5")) as file:
        np.testing.assert_array_equal(file["video/tokens"], rows["img_emb"])
        np.testing.assert_array_equal(file["text/tokens"], rows["text_emb"])
        assert file["video/ids"].asstr()[:].tolist() == names
        assert file["text/video"][:].tolist() == list(range(9))
        assert file["text/captions"].asstr()[:].tolist() == [f"of {name}" for name in names]
    file = next(source.rglob("text_emb_10.npy"))
    np.save(file, rows["text_emb"][:3])
    with pytest.raises(InputError, match="has 4 rows in shard 10 of img_emb and 3 of text_emb"):
        read_arrays(source)
    file.unlink()
    with pytest.raises(InputError, match="has 4 rows in shard 10 of img_emb and 0 of text_emb"):
        read_arrays(source)


def test_shards_without_metadata_are_paired_by_place(tmp_path: Path) -> None:
    for what in ("img_emb", "text_emb"):
        (tmp_path / what).mkdir()
        np.save(tmp_path / what / f"{what}_0.npy", np.ones((3, 4)))
    assert any("by place" in note for note in read_arrays(tmp_path).notes)
