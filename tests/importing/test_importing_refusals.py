from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_arrays import D, L, N, brought, changed, mask, packed, padded, plain, save, vectors

from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.importing.to_features import import_arrays

ONE_EMPTY = changed(mask(), 2, False)
WIDE = vectors(0, N, D + 1)
MALFORMED = [
    (plain, {"video": None}, "has no video side.*it holds text"),
    (
        plain,
        {"video": None, "vdeo": vectors(0, N, D)},
        r"holds text, vdeo. Did you mean 'video'\?$",
    ),
    (plain, {"text": None}, "has no text side: expected text"),
    (plain, {"video": vectors(0, N, L, D)}, r"holds video of shape \(5, 4, 3\), expected \(n, d\)"),
    (plain, {"video": vectors(0, 0, D)}, r"holds video of shape \(0, 3\)"),
    (plain, {"video": np.ones((N, D), dtype=int)}, "holds int64 in video, expected float16"),
    (plain, {"video": np.ones((N, D), dtype=complex)}, "holds complex128 in video"),
    (plain, {"image": vectors(0, N, D)}, "holds video and image, which say twice what video is"),
    (plain, {"video_tokens": vectors(0, N, D)}, "holds video and video_tokens"),
    (plain, {"text": WIDE}, "has text 4 wide and video 3"),
    (plain, {"bank_text": WIDE}, "has bank_text 4 wide and video 3"),
    (plain, {"bank_text_ids": ["a"]}, "holds bank_text_ids but neither bank_text_tokens nor"),
    (plain, {"bank_text_offsets": [0, 1]}, "holds bank_text_offsets but neither"),
    (plain, {"video": changed(vectors(0, N, D), (2, 1), np.nan)}, "'video2' of video.*NaN"),
    (plain, {"text": changed(vectors(0, N, D), (3, 0), np.inf)}, "'text3' of text.*infinity"),
    (plain, {"text": changed(vectors(0, N, D), 4, 0)}, "'text4' of text.*all zeros"),
    (plain, {"video_ids": ["a", "", *"bcd"]}, "video_ids holds an empty id in row 1"),
    (plain, {"video_ids": list("abcab")}, "has 'a' in rows 0 and 3 of video, and they differ"),
    (plain, {"video_ids": list("abcd")}, r"holds video_ids of shape \(4,\), expected \(5,\)"),
    (plain, {"video_ids": np.arange(5.0)}, "holds float64 in video_ids, expected strings or whole"),
    (plain, {"text_ids": np.array([b"\xff", b"a", b"b", b"c", b"d"])}, "in text_ids, .*not UTF-8"),
    (plain, {"text_ids": ["a\ud800", *"bcde"]}, r"in text_ids, .*not UTF-8"),
    (plain, {"captions": list("abcd")}, r"holds captions of shape \(4,\), expected \(5,\)"),
    (plain, {"captions": np.arange(N)}, "holds int64 in captions, expected strings"),
    (plain, {"text": vectors(0, 7, D)}, "holds 7 texts and 5 videos, but no text_video"),
    (plain, {"text_video": [0, 1, 2, 3, 5]}, "text_video gives text 'text4' the video row 5"),
    (plain, {"text_video": [0, 1, 2, -1, 4]}, "text_video gives text 'text3' the video row -1"),
    (plain, {"text_video": np.full(N, 2**63)}, "holds 9223372036854775808 in text_video"),
    (plain, {"text_video": [0, 1]}, r"holds text_video of shape \(2,\), expected \(5,\)"),
    (plain, {"text_video": np.ones(N)}, "holds float64 in text_video, expected whole numbers"),
    (padded, {"video_mask": None}, r"holds padded video_tokens \(5, 4, 3\) without video_mask"),
    (padded, {"video_mask": mask()[:4]}, r"holds video_mask of shape \(4, 4\), expected \(5, 4\)"),
    (padded, {"video_mask": mask() * 2}, "holds int64 in video_mask, expected true where"),
    (padded, {"video_mask": ONE_EMPTY}, "no token in video_mask: .* give ~mask instead"),
    (padded, {"video_offsets": [0, 1]}, "video_offsets, but video_tokens .* is padded"),
    (
        padded,
        {"video_global": vectors(0, 4, D)},
        r"video_global of shape \(4, 3\), expected \(5, 3",
    ),
    (
        padded,
        {"video_tokens": vectors(0, N)},
        r"video_tokens of shape \(5,\), expected \(n, d\) or",
    ),
    (padded, {"video_mask": np.ones((N, L), dtype=bool)}, "'v1' of video.*NaN"),
    (packed, {"video_offsets": None}, r"holds packed video_tokens \(12, 3\) without video_offsets"),
    (packed, {"video_mask": mask()}, "video_mask, but video_tokens .* is packed"),
    (packed, {"video_offsets": [0, 4, 6, 8, 9]}, r"video_offsets of shape \(5,\), expected \(6,\)"),
    (packed, {"text_offsets": 3}, r"text_offsets of shape \(\), expected \(2,\)"),
    (packed, {"video_offsets": [0, 4, 3, 8, 9, 12]}, "video_offsets decreases at item 'v1'"),
    (packed, {"video_offsets": [0, 4, 4, 8, 9, 12]}, "video_offsets gives item 'v1' no tokens"),
    (packed, {"video_offsets": [0, 4, 6, 8, 9, 13]}, "item 'v4' is cut"),
    (packed, {"video_offsets": [0, 4, 6, 8, 9, 11]}, "has 12 video_tokens, but video_offsets ends"),
    (packed, {"video_offsets": [1, 4, 6, 8, 9, 12]}, "video_offsets begins with 1, expected 0"),
    (packed, {"video_offsets": np.arange(6.0)}, "holds float64 in video_offsets"),
]


@pytest.mark.parametrize(("arrays", "changes", "words"), MALFORMED)
def test_what_is_wrong_is_named(
    tmp_path: Path, arrays: Any, changes: dict[str, Any], words: str
) -> None:
    source = save(tmp_path / "arrays.npz", arrays(), **changes)
    with pytest.raises(InputError, match=words) as caught:
        import_arrays(source, tmp_path / "f.h5")
    assert str(source) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["arrays.npz"]


def test_zeros_are_fine_where_dot_products_are_compared(tmp_path: Path) -> None:
    arrays = plain() | {"text": changed(vectors(0, N, D), 4, 0)}
    with open_features(brought(tmp_path, arrays, normalized=False)) as features:
        assert not features.text.block(4, 5).tokens.any()


def test_too_large_for_the_type_asked_for(tmp_path: Path) -> None:
    arrays = plain() | {"text": changed(vectors(0, N, D), (1, 2), 1e5)}
    with pytest.raises(InputError, match=r"'text1' of text in .* overflows to infinity in float16"):
        brought(tmp_path, arrays, dtype="float16")


@pytest.mark.parametrize("kind", ["npz", "folder"])
def test_pickles_are_never_loaded(tmp_path: Path, kind: str) -> None:
    ids = np.array([f"v{i}" for i in range(N)], dtype=object)
    source = save(tmp_path / "arrays.npz", plain(), video_ids=ids)
    if kind == "folder":
        (tmp_path / "folder").mkdir()
        source = tmp_path / "folder"
        np.save(source / "video.npy", ids)
    with pytest.raises(InputError, match="holds Python objects, which only a pickle"):
        import_arrays(source, tmp_path / "f.h5")


@pytest.mark.parametrize("folder", [False, True])
def test_a_zip_of_another_program(tmp_path: Path, folder: bool) -> None:
    source = tmp_path / "folder" if folder else tmp_path
    (source / "video").mkdir(parents=True)
    path = source / "video" / "a.npz" if folder else tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("video", b"1, 2, 3")
    with pytest.raises(InputError, match="holds 'video', which is not an array"):
        import_arrays(source if folder else path, tmp_path / "f.h5")


def spoil(path: Path, kind: str) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "npy":
        with path.open("wb") as stream:
            np.save(stream, np.ones(3))
    elif kind == "h5":
        h5py.File(path, "w").close()
    elif kind == "text":
        path.write_text("hello")
    elif kind != "missing":
        np.savez_compressed(path, **plain())
        data = path.read_bytes()
        cut, flipped = data[: len(data) // 2], bytearray(data)
        flipped[60:100] = bytes(40)
        path.write_bytes(cut if kind == "cut" else flipped)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "does not exist: give an npz"),
        ("folder", "holds no npy file"),
        ("npy", "is one npy file"),
        ("h5", "is an HDF5 file"),
        ("text", "is no npz"),
        ("cut", "is a damaged npz"),
        ("flipped", "cannot be read|is damaged"),
    ],
)
def test_what_is_no_npz(tmp_path: Path, kind: str, words: str) -> None:
    source = tmp_path / "arrays.npz"
    spoil(source, kind)
    with pytest.raises(InputError, match=words) as caught:
        import_arrays(source, tmp_path / "f.h5")
    assert str(source) in str(caught.value)


def test_a_truncated_npy(tmp_path: Path) -> None:
    for name, array in plain().items():
        np.save(tmp_path / f"{name}.npy", array)
    data = (tmp_path / "text.npy").read_bytes()
    (tmp_path / "text.npy").write_bytes(data[:-10])
    with pytest.raises(InputError, match=r"text\.npy is damaged"):
        import_arrays(tmp_path, tmp_path / "f.h5")


def test_what_exists_is_never_damaged(tmp_path: Path) -> None:
    out = brought(tmp_path, plain())
    before = out.read_bytes()
    good = save(tmp_path / "good.npz", plain(), video=vectors(7, N, D))
    bad = save(tmp_path / "bad.npz", plain(), text=changed(vectors(0, N, D), (4, 0), np.nan))
    with pytest.raises(InputError, match=r"f\.h5 exists already: use another --out"):
        import_arrays(good, out)
    with pytest.raises(InputError, match="'text4'"):
        import_arrays(bad, out, overwrite=True)
    with pytest.raises(InputError, match="is what is to be imported"):
        import_arrays(good, good, overwrite=True)
    with pytest.raises(InputError, match="is a folder: give the name of a file"):
        import_arrays(good, tmp_path, overwrite=True)
    with pytest.raises(InputError, match=r"bad\.npz is no HDF5 file and is not overwritten"):
        import_arrays(good, bad, overwrite=True)
    assert out.read_bytes() == before
    import_arrays(good, out, overwrite=True)
    assert out.read_bytes() != before
    assert {p.name for p in tmp_path.iterdir()} == {"arrays.npz", "good.npz", "bad.npz", "f.h5"}
