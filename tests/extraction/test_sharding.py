"""A feature file in parts gives what the file gives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from cli_runs import refused, run
from hand_made import arrays, contents, write_by_hand
from sharded import OWNER, part, parts_of
from small_features import write_features
from workplace import equal

from vrbench.extraction.merging import merge_shards
from vrbench.extraction.sharding import join_shards, shard_features
from vrbench.features import Features, open_features

SIDES = ("video", "text", "audio", "bank_video", "bank_text", "bank_audio")


def same(one: Features, two: Features) -> None:
    """Everything that is read of two files is the same."""
    assert dict(one.attrs) == dict(two.attrs)
    assert one.data_notes == two.data_notes
    for side in SIDES:
        assert equal(getattr(one, side), getattr(two, side)), side


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_every_side_and_column_travels(n: int, tmp_path: Path) -> None:
    whole = parts_of(tmp_path, n)
    with open_features(tmp_path / "f.h5") as one, open_features(whole) as two:
        assert one.audio is not None
        assert two.audio is not None
        # sounds lie in the part of their video, and stay in order there
        index = [one.audio.ids.tolist().index(name) for name in two.audio.ids.tolist()]
        assert sorted(index) == [0, 1, 2, 3]
        assert (n > 1) == (index != [0, 1, 2, 3])
        same(replace(one, audio=one.audio.take(index)), two)
        assert two.parts is not None
        assert len(two.parts.names) == n


def test_blocks_and_selections_across_parts(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    random = np.random.default_rng(0)
    with open_features(tmp_path / "f.h5") as one, open_features(whole) as two:
        for side in ("video", "text", "bank_text"):
            a, b = getattr(one, side), getattr(two, side)
            for _ in range(20):
                start, stop = sorted(random.integers(0, len(a) + 1, 2).tolist())
                assert equal(a.block(start, stop), b.block(start, stop))
                index = random.permutation(len(a))[: stop - start]
                assert equal(a.take(index), b.take(index))


def test_other_programs_read_it_too(tmp_path: Path) -> None:
    """HDF5 itself follows the virtual datasets, whatever the lengths of strings in the parts."""
    whole = parts_of(tmp_path)
    one, two = contents(tmp_path / "f.h5"), contents(whole)
    for name in (name for name in one if not name.startswith(("@", "audio"))):
        assert two[name][1] == one[name][1], name
    assert {k: v for k, v in two.items() if k[0] == "@"} == {k: one[k] for k in one if k[0] == "@"}


def test_a_part_is_an_ordinary_feature_file(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    with open_features(part(whole, 2)) as features:
        assert features.video.ids.tolist() == ["v2", "v3"]
        assert features.text.ids.tolist() == ["t3", "t4", "t5"]
        assert features.text_video.tolist() == [0, 0, 0]
        assert features.attrs["shard"] == "2/3"
        assert "missing" not in features.attrs, "counted once"
    with open_features(part(whole, 3)) as features:
        assert features.text_video.tolist() == [0, 1]
        assert features.audio is not None
        assert features.audio.ids.tolist() == ["v4", "v5"]


def results(path: Path, *more: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    out = path.with_suffix(".results")
    done = run("eval", path, *more, "--json", "--out", out)
    assert done.code == 0, done
    ranks = {k: v for npz in sorted(out.glob("*.npz")) for k, v in dict(np.load(npz)).items()}
    return done.results, ranks


@pytest.mark.parametrize(
    "more",
    [
        ("--method", "max-sum", "--norm", "ncl", "--bank", "train"),
        ("--method", "global", "--norm", "dsl", "--bank", "test"),
        ("--method", "tokenflow", "--no-matrix"),
    ],
)
def test_evaluation_gives_the_same_bits(more: tuple[str, ...], tmp_path: Path) -> None:
    """But for what says which file it was, and when."""
    source = write_features(tmp_path / "f.h5", dtype="float16")
    shard_features(source, 3, tmp_path / "set")
    (one, ranks), (two, others) = results(source, *more), results(tmp_path / "set/all.h5", *more)
    assert ranks.keys() == others.keys()
    for name, values in ranks.items():
        np.testing.assert_array_equal(values, others[name], name)
    for result in (*one, *two):
        for said in ("features", "provenance", "seconds", "ranks", "file"):
            result.pop(said, None)
            result.get("data", {}).pop(said, None)
    assert one == two


def test_join_makes_the_same_file_again(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    before = whole.read_bytes()
    assert join_shards(whole.parent) == {
        "video": 6,
        "text": 8,
        "audio": 4,
        "bank/video": 3,
        "bank/text": 5,
    }
    assert whole.read_bytes() == before
    whole.unlink()
    join_shards(whole.parent)
    assert whole.read_bytes() == before
    whole.write_bytes(before[:999])  # damaged
    join_shards(whole.parent)
    assert whole.read_bytes() == before


def test_merge_is_the_inverse(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    out = tmp_path / "merged.h5"
    merge_shards([part(whole, k) for k in (3, 1, 2)], out)
    with open_features(out) as one, open_features(whole) as two:
        same(one, two)


def test_parts_of_other_names_by_merge(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    named = [part(whole, k).rename(whole.with_name(f"teil ä {k}.h5")) for k in (1, 2, 3)]
    whole.unlink()
    done = run("merge", *named[::-1], "--virtual", "--out", whole)
    assert (done.code, "6 in /video" in done.err) == (0, True)
    with open_features(whole) as features:
        assert features.parts is not None
        assert features.parts.names == ("teil ä 1.h5", "teil ä 2.h5", "teil ä 3.h5")
        assert features.video.block(0, 6).ids.tolist() == [f"v{i}" for i in range(6)]
    other = tmp_path / "elsewhere.h5"
    refused(
        "merge", *named, "--virtual", "--out", other, says="is not in the folder of .*elsewhere"
    )
    odd = named[0].rename(whole.with_name("50%.h5"))
    refused("merge", odd, *named[1:], "--virtual", "--out", whole, "--overwrite", says="rename it")
    assert not other.exists()


def test_a_sharded_set_in_other_parts(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    shard_features(whole, 2, tmp_path / "again")
    with open_features(whole) as one, open_features(tmp_path / "again/all.h5") as two:
        same(one, two)


def test_texts_in_another_order_than_their_videos(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5", {"text/video": np.array([2, 0, 1, 0])})
    done = run("shard", path, "--parts", "3", "--out", tmp_path / "set")
    assert done.code == 0
    assert "/text comes in the order of its videos now, not in that of" in done.err
    with open_features(tmp_path / "set/all.h5") as features:
        assert features.text.ids.tolist() == ["t1", "t3", "t2", "t0"]
        assert features.text_video.tolist() == [0, 0, 1, 2]
        np.testing.assert_array_equal(
            features.text.block(0, 4).tokens, arrays()["text/tokens"][[1, 3, 2, 0]]
        )


def test_a_bank_without_videos_and_parts_without_a_side(tmp_path: Path) -> None:
    source = write_features(tmp_path / "f.h5", bank=("text",))
    counts, turned = shard_features(source, 8, tmp_path / "set")
    assert (counts["bank/text"], turned) == (9, ())
    with open_features(source) as one, open_features(tmp_path / "set/all.h5") as two:
        assert dict(one.attrs) == dict(two.attrs)
        assert equal(one.text, two.text)
        assert equal(one.bank_text, two.bank_text)
    with h5py.File(tmp_path / "set/part-00003-of-00008.h5") as file:
        assert "text" not in file, "its video has none"


def test_links_and_counts_of_the_whole(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    with open_features(whole) as features:
        assert json.loads(features.attrs["missing"]) == {"video": 2, "text": 0}
        assert features.text_video.tolist() == OWNER.tolist()
