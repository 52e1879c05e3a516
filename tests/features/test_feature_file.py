from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hand_made import TEXT_IDS, VIDEO_IDS, arrays, write_by_hand

from vrbench.errors import InputError
from vrbench.features import open_features

FIXED = np.array(["é".encode(), b"b", b"c"], dtype="S10")


def test_the_required_arrays_are_enough(tmp_path: Path) -> None:
    with open_features(write_by_hand(tmp_path / "f.h5")) as features:
        assert features.video.ids.tolist() == VIDEO_IDS
        assert features.text.ids.tolist() == TEXT_IDS
        assert features.text_video.tolist() == [0, 0, 1, 2]
        assert features.video.lengths.tolist() == [2, 1, 3]
        assert features.video.normalized
        assert features.bank_text is None
        assert features.attrs == {}
        assert features.notes == ()
        block = features.video.block(1, 3)
        np.testing.assert_array_equal(block.tokens, arrays()["video/tokens"][2:])


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (FIXED, ["é", "b", "c"]),
        (np.array(["a", "b", "c"], dtype=object), ["a", "b", "c"]),
        (np.array([7, 8, 9], dtype=np.uint16), ["7", "8", "9"]),
    ],
)
def test_ids_of_any_kind(tmp_path: Path, ids: Any, expected: list[str]) -> None:
    with open_features(write_by_hand(tmp_path / "f.h5", {"video/ids": ids})) as features:
        assert features.video.ids.tolist() == expected


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", ">i4", "uint64"])
def test_whole_numbers_of_any_type(tmp_path: Path, kind: str) -> None:
    changes = {name: arrays()[name].astype(kind) for name in ("video/offsets", "text/video")}
    with open_features(write_by_hand(tmp_path / "f.h5", changes)) as features:
        assert features.video.offsets.dtype == np.int64
        assert features.video.offsets.tolist() == [0, 2, 3, 6]
        assert features.text_video.dtype == np.int64


def test_all_that_a_file_may_hold(tmp_path: Path) -> None:
    changes = {
        "text/captions": ["a", "b", "ç", "d"],
        "text/words": ["a", "b", "ç", "d"],
        "video/level": np.array([0, 1, 0, 0, 1, 1], dtype=np.uint8),
        "video/global": np.ones((3, 4), dtype=np.float16),
        "text/start": np.arange(4.0),
        "bank/text/ids": [1, 2],
        "bank/text/tokens": np.ones((2, 4)),
        "bank/text/offsets": [0, 1, 2],
        "video/something": [1, 2],
    }
    attrs = {"normalized": np.array([0]), "dataset": np.bytes_(b"mine"), "scale": 2.5}
    with open_features(write_by_hand(tmp_path / "f.h5", changes, attrs)) as features:
        assert features.attrs == {"normalized": 0, "dataset": "mine", "scale": 2.5}
        assert not features.text.normalized
        assert features.text.captions is not None
        assert features.text.captions.tolist() == ["a", "b", "ç", "d"]
        words = features.text.token_columns["words"]
        assert len(words) == 4
        assert words[1:3].tolist() == words[np.array([1, 2])].tolist() == ["b", "ç"]
        assert features.text.take([2]).token_columns["words"].tolist() == ["ç"]
        assert features.video.at_level(0).lengths.tolist() == [1, 1, 1]
        assert features.bank_text is not None
        assert features.bank_video is None
        assert "something" not in features.video.item_columns


def test_limited_keeps_the_texts_of_the_videos(tmp_path: Path) -> None:
    with open_features(write_by_hand(tmp_path / "f.h5")) as features:
        limited = features.limited(np.array([2, 0]))
        assert limited.video.ids.tolist() == ["v2", "v0"]
        assert limited.text.ids.tolist() == ["t0", "t1", "t3"]
        assert limited.text_video.tolist() == [1, 1, 0]


def test_widths_may_differ(tmp_path: Path) -> None:
    changes = {"text/tokens": np.ones((4, 7))}
    with open_features(write_by_hand(tmp_path / "f.h5", changes)) as features:
        assert (features.video.dim, features.text.dim) == (4, 7)


def test_an_unfinished_extraction_is_noted(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5", attrs={"complete": False})
    with open_features(path) as features:
        assert "unfinished" in features.notes[0]
    path = write_by_hand(
        tmp_path / "g.h5", {"text/ids": np.zeros(0, dtype=int)}, {"complete": False}
    )
    with pytest.raises(InputError, match=r"/text holds no items\. Its extraction is unfinished"):
        open_features(path)


MALFORMED = [
    ({"video/tokens": None}, "/video/tokens cannot be found"),
    ({"text/video": None}, "/text/video cannot be found"),
    ({"video/ids": None, "video/offsets": None}, "/video/ids, /video/offsets cannot be found"),
    ({"video/tokens": np.ones(6)}, r"/video/tokens holds float64 \(6,\), expected floats with 2"),
    ({"video/tokens": np.ones((6, 4), dtype=int)}, "/video/tokens holds int64"),
    ({"video/tokens": np.ones((6, 0))}, "/video/tokens is 0 wide"),
    ({"video/tokens": h5py.Empty("f")}, "/video/tokens holds float32 None"),
    ({"video/ids": 1.0}, "/video/ids holds float64"),
    ({"video/ids": ["v0", "v1", "v0"]}, "/video/ids holds 'v0' 2 times"),
    ({"video/ids": np.array([b"\xff", b"b", b"c"])}, "/video/ids holds .*not UTF-8"),
    ({"video/ids": np.zeros(0, dtype=int)}, "/video holds no items"),
    ({"video/offsets": [0.0, 2.0, 3.0, 6.0]}, "/video/offsets holds float64"),
    ({"video/offsets": [0, 2, 6]}, "/video/offsets has 3 entries for 3 ids, expected 4"),
    ({"video/offsets": [1, 2, 3, 6]}, "/video/offsets begins with 1, expected 0"),
    ({"video/offsets": [0, 3, 2, 6]}, "/video/offsets decreases at item 'v1'"),
    ({"video/offsets": [0, 3, 3, 6]}, "/video/offsets gives item 'v1' no tokens"),
    ({"video/offsets": [0, 2, 3, 7]}, "reaches 7, but there are 6 tokens: item 'v2' is cut"),
    ({"video/offsets": np.array([0, 2, 2**64 - 1, 6], dtype=np.uint64)}, "decreases at item 'v1'"),
    ({"video/global": np.ones((3, 5))}, "/video/tokens is 4 wide, /video/global 5"),
    ({"video/global": np.ones((2, 4))}, "/video/global has 2 entries, expected 3"),
    ({"text/captions": ["a"] * 3}, "/text/captions has 3 entries, expected 4"),
    ({"text/captions": ["a"] * 5}, "/text/captions has 5 entries, expected 4"),
    ({"text/captions": [1, 2, 3, 4]}, "/text/captions holds int64"),
    ({"text/words": ["a"] * 3}, "/text/words has 3 entries, expected 4"),
    ({"video/level": [0, 1]}, "/video/level has 2 entries, expected 6"),
    ({"video/start": [0.0]}, "/video/start has 1 entries, expected 3"),
    ({"text/video": [0, 0, 1, 3]}, "/text/video gives text 't3' the video row 3, but there are 3"),
    ({"text/video": [0, -1, 1, 2]}, "/text/video gives text 't1' the video row -1"),
    ({"text/video": [0, 1]}, "/text/video has 2 entries, expected 4"),
    ({"text/video": ["v0", "v0", "v1", "v2"]}, "/text/video holds object"),
    ({"bank/video/ids": ["a"]}, "/bank/video/tokens, /bank/video/offsets cannot be found"),
    ({"bank/video": [1]}, "/bank/video is not a group"),
]


@pytest.mark.parametrize(("changes", "words"), MALFORMED)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = write_by_hand(tmp_path / "f.h5", changes)
    with pytest.raises(InputError, match=f"{path}: .*({words})"):
        open_features(path)
    path.unlink()  # the file was closed


def test_an_attribute_that_is_neither_true_nor_false(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5", attrs={"normalized": "maybe"})
    with pytest.raises(InputError, match=r"f\.h5 has the attribute normalized = 'maybe'"):
        open_features(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is a folder, not a feature file"),
        (lambda path: path.write_text("video_id,caption\n"), "is not an HDF5 file"),
        (lambda path: path.write_bytes(b""), "is not an HDF5 file"),
        (lambda path: write_by_hand(path, attrs={"format": "other"}), "has format 'other'"),
        (lambda path: write_by_hand(path, attrs={"version": 2}), "version 2, expected"),
        (lambda path: h5py.File(path, "w").close(), "it lacks /video and /text"),
        (lambda path: path.symlink_to(path.with_name("nowhere")), "does not exist"),
    ],
)
def test_what_is_no_feature_file(tmp_path: Path, make: Any, words: str) -> None:
    path = tmp_path / "f.h5"
    make(path)
    with pytest.raises(InputError, match=f"{path} .*{words}"):
        open_features(path)


@pytest.mark.parametrize("size", [100, 3000, -1])
def test_a_truncated_file(tmp_path: Path, size: int) -> None:
    path = write_by_hand(tmp_path / "f.h5")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"f\.h5 is truncated: copy it again"):
        open_features(path)


def test_damage_inside_is_a_sentence(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"GCOL", b"LOCG"))
    with pytest.raises(InputError, match=r"f\.h5 is damaged"):
        open_features(path)


def test_a_locked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HDF5_USE_FILE_LOCKING", raising=False)
    path = write_by_hand(tmp_path / "locked.h5")
    handle = os.open(path, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(InputError, match="set HDF5_USE_FILE_LOCKING=FALSE"):
            open_features(path)
    finally:
        os.close(handle)
    open_features(path).close()


def test_a_file_that_another_program_left_open(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    with h5py.File(tmp_path / "open.h5", "w", libver="latest") as file:
        file["video/ids"] = ["a"]
        file.flush()
        shutil.copy(tmp_path / "open.h5", path)
    with pytest.raises(InputError, match=r"f\.h5 was left open .* h5clear"):
        open_features(path)


def test_a_file_without_permission(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(InputError, match="cannot be opened: Permission denied"):
        open_features(path)
