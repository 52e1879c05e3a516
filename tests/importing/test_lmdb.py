"""LMDB: arrays of other programs, and bare numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archived import npy, npz, pt, write_lmdb
from laid_out import Data, check

from vrbench.errors import InputError
from vrbench.importing import Given, read_arrays


@pytest.mark.parametrize("store", [npy, npz, pt])
def test_lmdb(store: Any, tmp_path: Path) -> None:
    data = Data.of_tokens()
    meta = {"__len__": b"\x80\x04K\x04."}
    video, text = (
        write_lmdb(
            tmp_path / side, {**meta, **{k: store(x) for k, x in getattr(data, side).items()}}
        )
        for side in ("video", "text")
    )
    check(Given(video=video, text=text / "data.mdb"), tmp_path, data)
    check(Given(video=video, text=text), tmp_path, data)


def test_lmdb_of_bytes_that_nobody_can_read(tmp_path: Path) -> None:
    path = write_lmdb(tmp_path / "raw", {"v0": np.ones(8, np.float32).tobytes()})
    given = Given(video=path, text=path)
    with pytest.raises(InputError, match=r"'v0' holds 32 bytes that do not say .*: give --bytes"):
        read_arrays(given)
    data = bytearray((path / "data.mdb").read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    (path / "data.mdb").write_bytes(data)
    with pytest.raises(InputError, match=r"data\.mdb"):
        read_arrays(given)
    (path / "data.mdb").write_bytes(data[:5000])
    with pytest.raises(InputError, match=r"data\.mdb"):
        read_arrays(given)


@pytest.mark.parametrize("kind", ["float32", "float16"])
@pytest.mark.parametrize("flat", [False, True])
def test_lmdb_of_bare_numbers(kind: str, flat: bool, tmp_path: Path) -> None:
    data = Data.of_vectors() if flat else Data.of_tokens()
    whole = Data(*({k: x.astype(kind) for k, x in s.items()} for s in (data.video, data.text)))
    video = write_lmdb(tmp_path / "v", {name: x.tobytes() for name, x in whole.video.items()})
    texts: dict[str, Any] = whole.text
    np.savez(tmp_path / "t.npz", **texts)
    notes = check(Given(video=video, text=tmp_path / "t.npz"), tmp_path, whole)
    assert any(f"are read as {kind}" in note and "as wide as the other" in note for note in notes)
    text = write_lmdb(tmp_path / "t", {name: x.tobytes() for name, x in whole.text.items()})
    check(Given(video=video, text=text, raw=f"{kind}:6"), tmp_path, whole)
    for raw, why in (
        ("", "do not say their type and shape: give --bytes"),
        (f"{kind}:5", f"expected rows of 5 numbers of {kind}"),
        ("float99:6", "write TYPE:WIDTH, such as float32:512"),
    ):
        with pytest.raises(InputError, match=why):
            read_arrays(Given(video=video, text=text, raw=raw))
    with pytest.raises(InputError, match="but no items are bytes"):
        read_arrays(Given(video=tmp_path / "t.npz", text=tmp_path / "t.npz", raw=f"{kind}:6"))


def test_lmdb_of_numbers_that_might_be_of_either_type(tmp_path: Path) -> None:
    """Half-precision numbers stored as float32 are finite and of usual size as both."""
    x = {name: np.full((2, 6), 0.5, np.float32) for name in ("a", "b")}
    video = write_lmdb(tmp_path / "v", {name: y.tobytes() for name, y in x.items()})
    texts: dict[str, Any] = {name: y[0] for name, y in x.items()}
    np.savez(tmp_path / "t.npz", **texts)
    found = {name: y.view(np.float16)[0, 1] for name, y in x.items()}
    assert 0.1 < found["a"] < 2
    with pytest.raises(InputError, match="one of float32 and float16, and either fits"):
        read_arrays(Given(video=video, text=tmp_path / "t.npz"))
