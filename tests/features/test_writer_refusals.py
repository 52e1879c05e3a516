from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import carry_on as job
import h5py
import numpy as np
import pytest
from hand_made import write_by_hand
from small_features import tokens_of

from vrbench.errors import InputError
from vrbench.features.writer import FeatureWriter


def test_other_settings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    job.carry_on(path)
    with pytest.raises(InputError, match=r"begun with encoder = 'none', now it is 'toy'"):
        FeatureWriter(path, {**job.ATTRS, "encoder": "toy"}, "float32")
    with pytest.raises(InputError, match="begun with dtype = 'float32', now it is 'float16'"):
        FeatureWriter(path, job.ATTRS)
    with pytest.raises(InputError, match=r"cannot be stored as 'int8', only as float16"):
        FeatureWriter(path, job.ATTRS, "int8")


def test_somebody_elses_file_is_left_alone(tmp_path: Path) -> None:
    for path in (write_by_hand(tmp_path / "f.h5"), tmp_path / "notes.txt"):
        if not path.exists():
            path.write_text("dear diary")
        before = path.read_bytes()
        with pytest.raises(InputError, match=f"{path} (has no format|is not an HDF5)"):
            FeatureWriter(path, job.ATTRS)
        assert path.read_bytes() == before


def test_damage_that_no_interruption_explains(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    job.carry_on(path)
    with h5py.File(path, "r+") as file:
        file["video/offsets"][1] = 5
    with pytest.raises(InputError, match="cannot be carried on: /video/offsets decreases at item"):
        job.carry_on(path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        FeatureWriter(tmp_path / "file" / "f.h5", job.ATTRS)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.nan, "'video1' of video holds NaN or infinity"),
        (-np.inf, "'video1' of video holds NaN or infinity"),
        (7e4, "'video1' of video overflows to infinity in float16 .*7e"),
        (1e-9, "'video1' of video vanishes to zero in float16"),
    ],
)
@pytest.mark.parametrize("what", ["tokens", "global_vectors"])
def test_numbers_that_do_not_fit(tmp_path: Path, what: str, value: float, words: str) -> None:
    items = job.SIDES["video"]
    rows = getattr(items, what).astype(np.float64)
    rows[2 if what == "tokens" else 1] = value
    with (
        FeatureWriter(tmp_path / "f.h5", job.ATTRS) as writer,
        pytest.raises(InputError, match=words),
    ):
        writer.append("video", replace(items, **{what: rows}))


def test_items_that_do_not_fit_to_those_before(tmp_path: Path) -> None:
    items = job.SIDES["video"]
    with FeatureWriter(tmp_path / "f.h5", job.ATTRS) as writer:
        writer.append("video", items)
        with pytest.raises(
            InputError, match=r"/video of .* holds captions \(strings\), global 3 wide"
        ):
            writer.append("video", replace(items, global_vectors=None))
        with pytest.raises(InputError, match=r"now there are captions .*, global 3 wide, tokens 2"):
            writer.append("video", replace(items, tokens=items.tokens[:, :2]))
        with pytest.raises(InputError, match="Item 'video1' of video has no tokens"):
            writer.append("video", replace(items, offsets=np.array([0, 2, 2, 6])))
        assert writer.ids("video") == items.ids.tolist()
        assert writer.ids("text") == []


def test_a_side_that_is_damaged_is_not_carried_on(tmp_path: Path) -> None:
    path, rows = tmp_path / "f.h5", [np.ones((2, 4), np.float32)]
    with FeatureWriter(path, {}) as writer:
        writer.append("video", tokens_of(rows, "video"))
    with h5py.File(path) as file:
        header = h5py.h5o.get_info(file["video"].id).addr
    data = bytearray(path.read_bytes())
    data[header] ^= 0x55
    path.write_bytes(data)
    with FeatureWriter(path, {}) as writer:
        with pytest.raises(InputError, match=r"f\.h5 is damaged"):
            writer.ids("video")
        with pytest.raises(InputError, match=r"f\.h5 is damaged"):
            writer.append("video", tokens_of(rows, "other"))
