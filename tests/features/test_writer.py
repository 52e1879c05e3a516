from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import carry_on as job
import h5py
import numpy as np
import pytest
from hand_made import contents
from small_arrays import brought, plain

from vrbench.errors import InputError
from vrbench.features import Tokens, open_features
from vrbench.features import writer as writing
from vrbench.features.writer import FeatureWriter

WRITES = 35
"""Calls of ``put`` in an uninterrupted run."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an uninterrupted run writes."""
    path = tmp_path_factory.mktemp("whole") / "f.h5"
    job.carry_on(path)
    return contents(path)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "f.h5"
    job.carry_on(path)
    with open_features(path) as features:
        assert features.attrs["complete"] is True
        assert features.attrs["dtype"] == "float32"
        assert features.notes == ()
        for name, expected in job.SIDES.items():
            found = getattr(features, name).block(0, len(expected))
            assert found.ids.tolist() == expected.ids.tolist()
            np.testing.assert_array_equal(found.tokens, expected.tokens)
            np.testing.assert_array_equal(found.global_vectors, expected.global_vectors)
            np.testing.assert_array_equal(found.offsets, expected.offsets)
            columns = {**found.item_columns, **found.token_columns}
            for key, column in {**expected.item_columns, **expected.token_columns}.items():
                assert columns[key].tolist() == column.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("count", range(WRITES))
def test_an_exception_at_any_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, Any], count: int
) -> None:
    path = tmp_path / "f.h5"
    with monkeypatch.context() as patch:
        patch.setattr(writing, "put", job.stop_at(count, job.Stopped()))
        with pytest.raises(job.Stopped):
            job.carry_on(path)
    job.carry_on(path)
    assert contents(path) == whole


def test_there_is_no_further_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "put", job.stop_at(WRITES, job.Stopped()))
    job.carry_on(tmp_path / "f.h5")


@pytest.mark.slow
@pytest.mark.parametrize("count", [0, 2, 9, 17, 23, 34])
def test_a_process_killed_at_a_write(tmp_path: Path, whole: dict[str, Any], count: int) -> None:
    path = tmp_path / "f.h5"
    done = subprocess.run([sys.executable, job.__file__, str(path), str(count)], check=False)
    assert done.returncode == -9
    job.carry_on(path)
    assert contents(path) == whole


@pytest.mark.parametrize("steps", [1, 2])
def test_a_torn_tail_is_cut_off(tmp_path: Path, whole: dict[str, Any], steps: int) -> None:
    path = tmp_path / "f.h5"
    job.carry_on(path)
    with h5py.File(path, "r+") as file:
        for name, dataset in file["text"].items():
            if name != "ids" and (steps == 2 or name != "offsets"):
                dataset.resize(len(dataset) + 3, axis=0)
        if steps == 2:
            file["text/offsets"][-3:] = [10, 11, 12]
    with open_features(path) as features:
        assert "/text of" in features.notes[0]
        assert "5 whole items" in features.notes[0]
        text = features.text.block(0, 5)
        assert len(text.tokens) == len(text.token_columns["words"]) == 9
        assert len(text.item_columns["captions"]) == 5
        np.testing.assert_array_equal(features.text.take([4, 0]).tokens[1:], text.tokens[:1])
    job.carry_on(path)
    assert contents(path) == whole


def longer(repeat: int) -> Tokens:
    items = job.SIDES["text"]
    captions = np.array([f"é{i}" * repeat for i in range(5)], dtype=job.STRING)
    return replace(items, item_columns={**items.item_columns, "captions": captions})


def test_strings_may_become_longer(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    with FeatureWriter(path, job.ATTRS) as writer:
        for repeat in (1, 40, 3):
            ids = np.array([f"{repeat}#{i}" for i in range(5)], dtype=job.STRING)
            writer.append("text", replace(longer(repeat), ids=ids))
        writer.append("video", job.SIDES["video"])
        writer.finish()
    with open_features(path) as features:
        assert features.text.captions is not None
        expected = [f"é{i}" * repeat for repeat in (1, 40, 3) for i in range(5)]
        assert features.text.captions.tolist() == expected


@pytest.mark.parametrize("state", ["begun", "old one gone"])
def test_strings_interrupted_while_they_are_given_more_room(tmp_path: Path, state: str) -> None:
    path = tmp_path / "f.h5"
    with FeatureWriter(path, job.ATTRS) as writer:
        writer.append("text", job.SIDES["text"])
    before = contents(path)
    with h5py.File(path, "r+") as file:
        if state == "begun":
            file["text"].create_dataset("ids~", (3,), "S64", maxshape=(None,))
        else:
            file.move("text/ids", "text/ids~")
    with FeatureWriter(path, job.ATTRS) as writer:
        assert writer.ids("text") == job.SIDES["text"].ids.tolist()
    assert contents(path) == before


def test_an_append_after_one_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, Any]
) -> None:
    path = tmp_path / "f.h5"
    with FeatureWriter(path, job.ATTRS, "float32") as writer:
        with monkeypatch.context() as patch:
            patch.setattr(writing, "put", job.stop_at(5, OSError("disk full")))
            with pytest.raises(InputError, match=r"f\.h5 cannot be written: disk full"):
                writer.append("video", job.SIDES["video"])
        for name, items in job.SIDES.items():
            writer.append(name, items)
        writer.finish()
    assert contents(path) == whole


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what stays where it is written can be carried on."""
    monkeypatch.setattr(writing, "ROOM", 10**18)
    path = tmp_path / "f.h5"
    with pytest.raises(InputError, match=r"f\.h5 cannot be written: its disk is full.*is kept\."):
        job.carry_on(path)
    with pytest.raises(InputError, match=r"full \(.* MB left\); make .* again\.$") as caught:
        brought(tmp_path, plain())
    assert str(caught.value).startswith(f"{path} cannot be written")
    assert [file.name for file in tmp_path.iterdir()] == ["arrays.npz"]


def test_carrying_on_with_nothing_to_do_changes_no_byte(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    job.carry_on(path)
    before = path.read_bytes()
    job.carry_on(path)
    assert path.read_bytes() == before


def test_the_same_items_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        job.carry_on(tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_closing_twice_does_nothing_and_keeps_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    with FeatureWriter(path, job.ATTRS) as writer:
        writer.close()
    assert not path.exists(), "nothing was ever in it"
    with FeatureWriter(path, job.ATTRS) as writer:
        writer.finish()
        writer.close()
    assert path.exists()
