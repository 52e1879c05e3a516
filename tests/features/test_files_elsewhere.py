"""What a worker reads is the file that the client opened, whatever lies at its place."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sharded import made, whole
from small_features import write_features

from vrbench.errors import InputError
from vrbench.features import elsewhere, open_features

__all__ = ["made", "whole"]

LARGE = 1500, 1024
"""Videos and numbers a token: 16 MB."""


@pytest.fixture
def sent(tmp_path: Path) -> tuple[Path, bytes]:
    """A feature file, and some of its videos as they are sent."""
    n, dim = LARGE
    path = write_features(tmp_path / "f.h5", counts=(1,) * n, dim=dim, bank=())
    with open_features(path) as features:
        return path, pickle.dumps(features.video.part(3, 9))


def read(sent: bytes) -> Any:
    return pickle.loads(sent).block(0, 6).tokens


@pytest.mark.parametrize("share", [0.3, 0.501, 0.77])
def test_one_changed_number_anywhere_is_another_file(
    share: float, sent: tuple[Path, bytes]
) -> None:
    path, task = sent
    there = bytearray(path.read_bytes())
    there[int(share * len(there))] ^= 1
    path.write_bytes(there)
    with pytest.raises(InputError, match=r"f.h5 is another file on .*: give all workers the same"):
        read(task)


def test_a_copy_and_a_touched_file_are_the_same(sent: tuple[Path, bytes], tmp_path: Path) -> None:
    path, task = sent
    before = read(task)
    os.utime(path, ns=(5, 5))
    np.testing.assert_array_equal(read(task), before)
    shutil.copy(path, tmp_path / "copy.h5")
    (tmp_path / "copy.h5").replace(path)
    np.testing.assert_array_equal(read(task), before)
    assert len([name for name in elsewhere._open if name == str(path)]) == 1


def test_a_file_that_took_its_place_is_another_one(tmp_path: Path) -> None:
    """The client goes on with the one that it opened."""
    path, other = (write_features(tmp_path / f"{i}.h5", seed=i, bank=()) for i in range(2))
    with open_features(path) as features:
        other.replace(path)
        sent = pickle.dumps(features.video.part(0, 6))
        with pytest.raises(InputError, match="is another file on"):
            read(sent)


def test_the_version_that_the_client_opened_is_not_read_again(
    sent: tuple[Path, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> str:
        raise AssertionError

    monkeypatch.setattr(elsewhere, "_sha256", never)
    assert len(read(sent[1]))


def test_tokens_of_a_sharded_set_are_read_where_they_are_scored(whole: Path) -> None:
    with open_features(whole) as features:
        for side in (features.video, features.text, features.bank_text):
            assert side is not None
            sent = pickle.dumps(side.part(1, len(side)))
            found = pickle.loads(sent)
            expected = side.block(1, len(side)).tokens
            np.testing.assert_array_equal(found.block(0, len(found)).tokens, expected)
            assert expected.tobytes() not in sent
            again = pickle.loads(pickle.dumps(found)).block(0, len(found)).tokens
            np.testing.assert_array_equal(again, expected)
