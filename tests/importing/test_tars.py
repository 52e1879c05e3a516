"""Tars of webdataset."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from archived import npy, npz, write_tar
from laid_out import CAPTIONS, Data

from vrbench.errors import InputError
from vrbench.importing import Given, read_arrays
from vrbench.importing.to_features import import_arrays


@pytest.mark.parametrize("shards", [1, 2])
def test_a_tar_a_side_with_captions(shards: int, tmp_path: Path) -> None:
    """CLIP-Kinetics700 of clip-video-encode: KEY.npy, KEY.txt and KEY.json."""
    data = Data.of_tokens()
    folder = tmp_path / "tars"
    folder.mkdir()
    for i in range(shards):
        keys = list(data.video)[i::shards]
        parts: dict[str, Any] = {}
        for key in keys:
            parts[f"./{key}.npy"] = npy(data.video[key])
            parts[f"./{key}.json"] = {"caption": CAPTIONS[f"{key}#0"], "fps": 25}
            if i:
                parts[f"./{key}.txt"] = f" {CAPTIONS[f'{key}#0']}\n"
        video = write_tar(folder / f"{i:05}.tar", parts)
    texts = {key: data.text[f"{key}#0"] for key in data.video}
    text = write_folder(tmp_path / "t", texts)
    given = Given(video=video if shards == 1 else folder, text=text)
    named = Data(data.video, texts)
    out = import_arrays(given, tmp_path / "made.h5")
    with h5py.File(out) as file:
        ids = file["text/ids"].asstr()[:].tolist()
        assert sorted(ids) == sorted(named.text)
        assert file["text/captions"].asstr()[:].tolist() == [CAPTIONS[f"{i}#0"] for i in ids]
        videos = file["video/ids"].asstr()[:]
        assert [videos[row] for row in file["text/video"][:]] == ids


def write_folder(path: Path, items: dict[str, Any]) -> Path:
    path.mkdir()
    for name, array in items.items():
        np.save(path / f"{name}.npy", array)
    return path


def test_a_tar_with_both_sides(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    video = {f"shot/{i:03}": rng.standard_normal((i + 1, 4)) for i in range(3)}
    files: dict[str, Any] = {}
    for key, x in video.items():
        files |= {
            f"{key}.npy": npy(x),
            f"{key}.text_emb.npz": npz(x[:1]),
            f"{key}.txt": f"of {key}",
        }
        files |= {f"{key}.mp4": b"not read"}
    source = write_tar(tmp_path / "a.tar", files)
    with h5py.File(import_arrays(source, tmp_path / "made.h5")) as file:
        assert file["video/ids"].asstr()[:].tolist() == list(video)
        assert file["text/captions"].asstr()[:].tolist() == [f"of {key}" for key in video]
        np.testing.assert_array_equal(file["video/tokens"], np.concatenate(list(video.values())))


def links(path: Path, kind: bytes) -> Path:
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("a.npy")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    return path


def test_tars_that_are_refused(tmp_path: Path) -> None:
    x = npy(np.ones((2, 4)))
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        with pytest.raises(InputError, match=r"holds 'a\.npy', which is no plain file"):
            read_arrays(links(tmp_path / "l.tar", kind))
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"a.npy": x, "./a.npy": x}, r"holds 'a\.npy' 2 times"),
        ({"a.npy": x, "a.npz": npz(np.ones((2, 4)))}, "an item that has another file"),
        ({"a.npy": x, "a.video.npy": x}, r"holds KEY\.npy and KEY\.video\.npy"),
        ({"a.txt": "x"}, "holds no array"),
        ({"a.npy": x[:-8]}, r"'a\.npy' is damaged"),
        ({"a.npy": b"\x93NUMPY" + bytes(99)}, r"'a\.npy'"),
        ({"a.npy": x, "a.txt": b"\xff"}, r"'a\.txt' is no text"),
        ({"a.npy": x, "a.json": "{"}, r"'a\.json' is not JSON"),
    )
    for files, said in wrong:
        with pytest.raises(InputError, match=said):
            read_arrays(Given(video=write_tar(tmp_path / "b.tar", files), text=tmp_path / "b.tar"))
    whole = write_tar(
        tmp_path / "c.tar", {"a.npy": x, "b.npy": npy(np.ones((900, 4)))}
    ).read_bytes()
    for cut in (100, 1024, 1500, 5000, len(whole) - 10_000):
        (tmp_path / "c.tar").write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"c\.tar"):
            read_arrays(Given(video=tmp_path / "c.tar", text=tmp_path / "c.tar"))


def test_nothing_is_unpacked_to_the_disk(tmp_path: Path) -> None:
    files = {"../../out.npy": npy(np.ones((2, 4))), "/abs.npy": npy(np.ones((1, 4)))}
    source = write_tar(tmp_path / "a.tar", files)
    before = sorted(tmp_path.rglob("*"))
    read_arrays(Given(video=source, text=source))
    assert sorted(tmp_path.rglob("*")) == before
