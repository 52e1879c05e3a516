"""A feature file reads nothing but itself, and only what it really holds."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hand_made import arrays, write_by_hand

from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.features.inspect import inspect_file
from vrbench.features.writer import FeatureWriter

Change = Callable[[Any], None]
LINK, STORED = "is a link to another place", "store the data there"


def hostile(path: Path, name: str, change: Change) -> Path:
    """A feature file from which ``name`` was taken, to be put there again by ``change``."""
    write_by_hand(path)
    with h5py.File(path, "r+") as file:
        del file[name]
        change(file)
    return path


def virtual(source: str) -> Change:
    def change(file: Any) -> None:
        layout = h5py.VirtualLayout((6, 4), np.float32)
        layout[:] = h5py.VirtualSource(source, "video/tokens", (6, 4))
        file["video"].create_virtual_dataset("tokens", layout)

    return change


def growing(file: Any) -> None:
    layout = h5py.VirtualLayout((6, 4), np.float32, maxshape=(None, 4))
    layout[: h5py.h5s.UNLIMITED] = h5py.VirtualSource(
        "other.h5", "video/tokens", (6, 4), maxshape=(None, 4)
    )[: h5py.h5s.UNLIMITED]
    file["video"].create_virtual_dataset("tokens", layout)


def outside(file: Any) -> None:
    where = [("tokens.bin", 0, h5py.h5f.UNLIMITED)]
    file["video"].create_dataset("tokens", (6, 4), np.float32, external=where)


def linked(name: str, link: Any) -> Change:
    def change(file: Any) -> None:
        file[name] = link

    return change


ELSEWHERE: dict[str, tuple[str, Change, str]] = {
    "link of a side": ("video", linked("video", h5py.ExternalLink("other.h5", "/video")), LINK),
    "link of ids": (
        *("text/ids", linked("text/ids", h5py.ExternalLink("other.h5", "/text/ids"))),
        "/text/ids " + LINK,
    ),
    "link of the bank": (
        *("text/video", linked("bank", h5py.ExternalLink("other.h5", "/"))),
        "/bank " + LINK,
    ),
    "link within": ("video/ids", linked("video/ids", h5py.SoftLink("/text/ids")), LINK),
    "link in a circle": ("video/ids", linked("video/ids", h5py.SoftLink("/video/ids")), LINK),
    "link to nothing": ("video", linked("video", h5py.SoftLink("/nothing")), LINK),
    "other file": ("video/tokens", virtual("other.h5"), "is a virtual dataset"),
    "itself": ("video/tokens", virtual("."), "is a virtual dataset"),
    "other file that grows": ("video/tokens", growing, "is a virtual dataset"),
    "external storage": ("video/tokens", outside, "lies in other files"),
}


@pytest.fixture
def elsewhere(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, str]:
    """A file whose data lie in another one, which is there, and what is to be said of it."""
    write_by_hand(tmp_path / "other.h5", attrs={"format": "vrbench-features", "version": 1})
    arrays()["video/tokens"].tofile(tmp_path / "tokens.bin")
    name, change, words = ELSEWHERE[request.param]
    return hostile(tmp_path / "f.h5", name, change), words


@pytest.mark.parametrize("elsewhere", ELSEWHERE, indirect=True)
@pytest.mark.parametrize("read", [open_features, inspect_file])
def test_data_of_another_place_are_refused(
    elsewhere: tuple[Path, str], read: Callable[[Path], Any]
) -> None:
    path, words = elsewhere
    with pytest.raises(InputError, match=f"f\\.h5: .*{words}.*{STORED}"):
        read(path)


@pytest.mark.parametrize("elsewhere", ["link of a side", "link of the bank"], indirect=True)
def test_carrying_on_does_not_change_another_file(elsewhere: tuple[Path, str]) -> None:
    path, words = elsewhere
    with h5py.File(path, "r+") as file:
        file.attrs.update(format="vrbench-features", version=1, dtype="float32")
    held = (path.with_name("other.h5").read_bytes(), path.read_bytes())
    with pytest.raises(InputError, match=words):
        FeatureWriter(path, {}, "float32")
    assert (path.with_name("other.h5").read_bytes(), path.read_bytes()) == held


def test_a_link_that_a_program_defined_for_itself(tmp_path: Path) -> None:
    """HDF5 has the numbers from 64 on for them, of which it takes 64 for external links."""
    link = linked("video/ids", h5py.ExternalLink("other.h5", "/odd"))
    path = hostile(tmp_path / "f.h5", "video/ids", link)
    data = path.read_bytes()
    assert data.count(b"\x01\x08\x40\x03ids") == 1
    path.write_bytes(data.replace(b"\x01\x08\x40\x03ids", b"\x01\x08\x41\x03ids"))
    with pytest.raises(InputError, match=f"/video/ids {LINK}"):
        open_features(path)


def chunked(data: bytes, rows: int = 6, **how: Any) -> Change:
    """Tokens of one chunk, of which these bytes are stored."""

    def change(file: Any) -> None:
        made = file["video"].create_dataset(
            "tokens", (rows, 4), np.float32, chunks=(rows, 4), **how
        )
        made.id.write_direct_chunk((0, 0), data)

    return change


WHOLE = arrays()["video/tokens"].tobytes()


@pytest.mark.parametrize(
    "change",
    [
        chunked(zlib.compress(WHOLE[:-1]), compression="gzip"),
        chunked(zlib.compress(WHOLE + b"more than 4"), compression="gzip"),
        chunked(zlib.compress(WHOLE)[:-9], compression="gzip"),
        chunked(b"nothing that gzip wrote", compression="gzip"),
        chunked(b"\x03abcd", compression="lzf"),
        chunked(b"\x1fab", compression="lzf"),
        chunked(WHOLE[:-4], shuffle=True),
        chunked(b"ab", fletcher32=True),
    ],
)
def test_chunks_that_are_too_short_are_not_filled_from_memory(
    change: Change, tmp_path: Path
) -> None:
    """HDF5 copies what lies behind them, which differs from run to run, or falls over."""
    path = hostile(tmp_path / "f.h5", "video/tokens", change)
    with pytest.raises(InputError, match=r"f\.h5: /video/tokens is damaged \(its chunk at"):
        open_features(path)


@pytest.mark.parametrize(
    "how",
    [
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"compression": "lzf", "shuffle": True},
        {"compression": "lzf", "chunks": (5, 3)},
        {"compression": "gzip", "chunks": (4, 4)},
        {"fletcher32": True},
    ],
)
def test_packed_files_are_read(how: dict[str, Any], tmp_path: Path) -> None:
    tokens = np.repeat(arrays()["video/tokens"], 200, axis=0)
    changed = {"video/tokens": tokens, "video/offsets": np.array([0, 400, 600, 1200])}
    path = write_by_hand(tmp_path / "f.h5", changed)
    with h5py.File(path, "r+") as file:
        del file["video/tokens"], file["video/ids"]
        file["video"].create_dataset("tokens", data=tokens, **how)
        strings = {"compression": "gzip"} if how.get("compression") == "gzip" else {}
        file["video"].create_dataset("ids", data=["a", "b", "c"], chunks=(2,), **strings)
    with open_features(path) as features:
        np.testing.assert_array_equal(features.video.block(0, 3).tokens, tokens)
        assert features.video.ids.tolist() == ["a", "b", "c"]


def test_a_filter_of_a_plug_in_is_refused_before_it_is_looked_for(tmp_path: Path) -> None:
    def change(file: Any) -> None:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((6, 4))
        plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((6, 4))
        made = h5py.h5d.create(file.id, b"video/tokens", h5py.h5t.IEEE_F32LE, space, plan)
        made.write_direct_chunk((0, 0), WHOLE)

    path = hostile(tmp_path / "f.h5", "video/tokens", change)
    with pytest.raises(InputError, match="/video/tokens is stored with filter 32015"):
        open_features(path)


def test_a_small_file_does_not_unpack_to_more_than_memory(tmp_path: Path) -> None:
    huge = chunked(zlib.compress(b"x"), rows=1 << 25, compression="gzip")
    path = hostile(tmp_path / "f.h5", "video/tokens", huge)
    with pytest.raises(InputError, match="compressed chunks of 537 MB, at most 268 MB"):
        open_features(path)

    def zeros(file: Any) -> None:
        rows = 1 << 27
        made = file.create_dataset("video/time", (rows,), "u1", chunks=(rows,), compression="gzip")
        made.id.write_direct_chunk((0,), zlib.compress(bytes(rows), 9))

    path = hostile(tmp_path / "f.h5", "video/tokens", zeros)
    with pytest.raises(InputError, match="/video/time unpacks to more than 64 times its size"):
        open_features(path)
