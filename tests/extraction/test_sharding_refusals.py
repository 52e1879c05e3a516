"""What is not sharded or joined, and what an interruption leaves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from cli_runs import refused
from hand_made import write_by_hand
from sharded import part, parts_of, write_rich

from vrbench.errors import InputError
from vrbench.extraction.merging import moved
from vrbench.extraction.sharding import join_shards, shard_features


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts come whole, and before their whole."""
    source, folder = write_rich(tmp_path / "f.h5"), tmp_path / "set"

    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("vrbench.extraction.merging.write_whole", stop)
        with pytest.raises(KeyboardInterrupt):
            shard_features(source, 3, folder)
    assert sorted(p.name for p in folder.iterdir()) == [
        f"part-0000{k}-of-00003.h5" for k in (1, 2, 3)
    ]
    (folder / "part-00002-of-00003.h5").unlink()
    with pytest.raises(InputError, match=r"00001-of-00003.h5 exists already"):
        shard_features(source, 3, folder)
    calls = []

    def second(*given: Any) -> Any:
        calls.append(given)
        return stop() if len(calls) == 6 else moved(*given)

    join_target = folder / "all.h5"
    for _ in range(2):  # without a whole, and over one
        calls.clear()
        with monkeypatch.context() as patch:
            patch.setattr("vrbench.extraction.sharding.moved", second)
            with pytest.raises(KeyboardInterrupt):
                shard_features(source, 3, folder, overwrite=True)
        assert not join_target.exists()
        assert all(p.name.startswith("part-") for p in folder.iterdir())
        shard_features(source, 3, folder, overwrite=True)
    before = join_target.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("vrbench.extraction.merging.write_whole", stop)
        with pytest.raises(KeyboardInterrupt):
            join_shards(folder)
    assert join_target.read_bytes() == before
    assert len(list(folder.iterdir())) == 4


def test_refusals(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    source, folder = tmp_path / "f.h5", whole.parent
    refused(
        "shard", source, "--parts", "7", "--out", tmp_path / "new", says="6 videos: --parts takes"
    )
    assert not (tmp_path / "new").exists()
    refused("shard", source, "--parts", "2", "--out", folder, says="a part of another set: remove")
    refused("shard", source, "--parts", "3", "--out", folder, says="exists already")
    refused(
        "shard", part(whole, 1), "--parts", "1", "--out", tmp_path / "new", says="is shard 1/3 of"
    )
    again = ("--parts", "3", "--out", folder, "--overwrite")
    refused("shard", whole, *again, says="all.h5 is read by this command")
    refused("shard", source, "--parts", "2", "--out", source, says="is not a folder: give")
    refused("merge", whole, "--out", tmp_path / "m.h5", says="not followed: give its parts or")
    refused(
        "shard", tmp_path / "gone.h5", "--parts", "2", "--out", tmp_path / "new", says="not exist"
    )
    refused("join", tmp_path / "gone", says="is no folder")
    refused("join", tmp_path, says="has no part-00001-of-00008.h5 or the like")
    kept = part(whole, 2).read_bytes()
    part(whole, 2).unlink()
    refused("join", folder, says="Shards are missing: 2/3")
    part(whole, 2).write_bytes(part(whole, 1).read_bytes())
    refused("join", folder, says="Shard 1/3 is given twice")
    part(whole, 2).write_bytes(kept)
    shutil.copy(source, whole)
    refused("join", folder, says="holds tokens itself and is not replaced")
    mixed = write_by_hand(tmp_path / "mixed.h5", {"text/tokens": np.ones((4, 4), np.float64)})
    refused(
        "shard", mixed, "--parts", "2", "--out", tmp_path / "new", says="float32 and float64: store"
    )


def test_parts_that_do_not_belong_together(tmp_path: Path) -> None:
    whole = parts_of(tmp_path)
    with h5py.File(part(whole, 2), "r+") as file:
        del file["video/time"]
    refused(
        "join", whole.parent, says="part-00002.* holds None in /video/time, .*part-00001.*float64"
    )
    with h5py.File(part(whole, 2), "r+") as file:
        file["video/tokens"].resize(len(file["video/tokens"]) + 1, axis=0)
        file["video/time"] = np.zeros(len(file["video/tokens"]) - 1)
    refused(
        "join", whole.parent, says="part-00002-of-00003.h5 ends in an interrupted write in /video"
    )
