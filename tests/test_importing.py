from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from vrbench.cli import commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.errors import InputError
from vrbench.features import Tokens, open_features
from vrbench.importing import import_arrays

N, L, D = 5, 4, 3


def vectors(seed: int, *shape: int, dtype: str = "float32") -> NDArray[Any]:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def mask() -> NDArray[np.bool_]:
    """Holes at the beginning, in between and at the end."""
    rows = ["1111", "0101", "1001", "0010", "1110"]
    return np.array([[c == "1" for c in row] for row in rows])


def padded() -> dict[str, Any]:
    video = vectors(0, N, L, D)
    video[~mask()] = np.nan
    return {
        "video_tokens": video,
        "video_mask": mask(),
        "video_ids": [f"v{i}" for i in range(N)],
        "video_global": vectors(1, N, D),
        "text_tokens": vectors(2, N + 2, L, D),
        "text_mask": np.ones((N + 2, L), dtype=np.int64),
        "text_video": [0, 0, 0, 1, 2, 3, 4],
        "captions": [f"é {i}" for i in range(N + 2)],
    }


def packed() -> dict[str, Any]:
    changes = {}
    for side in ("video", "text"):
        rows = padded()[f"{side}_mask"].astype(bool)
        changes[f"{side}_tokens"] = padded()[f"{side}_tokens"][rows]
        changes[f"{side}_offsets"] = np.cumsum([0, *rows.sum(axis=1)])
        changes[f"{side}_mask"] = None
    return padded() | changes


def plain() -> dict[str, Any]:
    return {"video": vectors(0, N, D), "text": vectors(1, N, D)}


def save(path: Path, arrays: Mapping[str, Any], **changes: Any) -> Path:
    np.savez(path, **{k: v for k, v in {**arrays, **changes}.items() if v is not None})
    return path


def brought(tmp_path: Path, arrays: Mapping[str, Any], **options: Any) -> Path:
    """Import arrays through an npz."""
    source = save(tmp_path / "arrays.npz", arrays)
    return import_arrays(source, tmp_path / "f.h5", overwrite=True, **options)


def test_a_mask_with_holes(tmp_path: Path) -> None:
    with open_features(brought(tmp_path, padded())) as features:
        video = features.video.block(0, N)
        assert video.lengths.tolist() == [4, 2, 2, 1, 3]
        for i, tokens in enumerate(np.split(video.tokens, video.offsets[1:-1])):
            np.testing.assert_array_equal(tokens, padded()["video_tokens"][i][mask()[i]])
        np.testing.assert_array_equal(video.global_vectors, padded()["video_global"])
        assert video.ids.tolist() == padded()["video_ids"]
        assert features.text.ids.tolist() == [f"text{i}" for i in range(N + 2)]
        assert features.text_video.tolist() == padded()["text_video"]
        assert features.text.captions is not None
        assert features.text.captions.tolist() == padded()["captions"]
        assert features.text.global_vectors is None


def test_packed_padded_and_a_folder_give_the_same_file(tmp_path: Path) -> None:
    files = [brought(tmp_path, arrays).read_bytes() for arrays in (padded(), packed())]
    folder = tmp_path / "arrays"
    folder.mkdir()
    for name, array in padded().items():
        np.save(folder / f"{name}.npy", array)
    files.append(import_arrays(folder, tmp_path / "g.h5").read_bytes())
    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize("name", ["video", "image", "video_global"])
def test_one_vector_an_item(tmp_path: Path, name: str) -> None:
    arrays = {name: vectors(0, N, D), "text": vectors(1, N, D)}
    with open_features(brought(tmp_path, arrays)) as features:
        video = features.video.block(0, N)
        np.testing.assert_array_equal(video.tokens, arrays[name])
        np.testing.assert_array_equal(video.global_vectors, arrays[name])
        assert video.lengths.tolist() == [1] * N
        assert video.ids.tolist() == [f"video{i}" for i in range(N)]
        assert features.text_video.tolist() == list(range(N))


def test_what_the_file_says_about_itself(tmp_path: Path) -> None:
    said: dict[str, Any] = {"dataset": "d", "split": "s", "encoder": "e", "normalized": False}
    with open_features(brought(tmp_path, plain(), **said)) as features:
        found = dict(features.attrs)
        assert {key: found[key] for key in said} == said
        assert found["complete"] is True
        assert found["dim"] == D
        assert not features.video.normalized
        assert not features.text.normalized


def test_a_bank_with_everything(tmp_path: Path) -> None:
    bank = {f"bank_{name}": value for name, value in packed().items()}
    with open_features(brought(tmp_path, plain() | bank)) as features:
        assert features.bank_video is not None
        assert features.bank_text is not None
        assert features.bank_video.ids.tolist() == packed()["video_ids"]
        assert features.bank_text.ids.tolist() == [f"bank_text{i}" for i in range(N + 2)]
        assert features.bank_text.item_columns["captions"].tolist() == packed()["captions"]
        assert features.bank_text.item_columns["video"].tolist() == packed()["text_video"]


def test_a_bank_of_texts_alone(tmp_path: Path) -> None:
    with open_features(brought(tmp_path, plain() | {"bank_text": vectors(3, 9, D)})) as features:
        assert features.bank_video is None
        assert features.bank_text is not None
        assert len(features.bank_text) == 9
        assert "video" not in features.bank_text.item_columns


@pytest.mark.parametrize(
    ("video", "text", "asked", "stored"),
    [
        ("float64", "float64", None, "float64"),
        ("float16", "float16", None, "float16"),
        (">f4", ">f4", None, "float32"),
        ("float16", "float64", None, "float64"),
        ("float64", "float64", "float16", "float16"),
    ],
)
def test_no_number_changes_unless_asked(
    tmp_path: Path, video: str, text: str, asked: str | None, stored: str
) -> None:
    arrays = {"video": vectors(0, N, D, dtype=video), "text": vectors(1, N, D, dtype=text)}
    with open_features(brought(tmp_path, arrays, dtype=asked)) as features:
        for side in ("video", "text"):
            found = getattr(features, side).block(0, N).tokens
            assert found.dtype == stored
            np.testing.assert_array_equal(found, arrays[side].astype(stored))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (np.arange(5, 10), ["5", "6", "7", "8", "9"]),
        (np.array(["é", "b", "c", "d", "e"]), ["é", "b", "c", "d", "e"]),
        (np.array(["é".encode(), b"b", b"c", b"d", b"e"]), ["é", "b", "c", "d", "e"]),
    ],
)
def test_ids_of_any_kind(tmp_path: Path, ids: Any, expected: list[str]) -> None:
    with open_features(brought(tmp_path, plain() | {"video_ids": ids})) as features:
        assert features.video.ids.tolist() == expected


def test_blocks_give_what_one_write_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = brought(tmp_path, padded()).read_bytes()
    blocks = Tokens.blocks
    monkeypatch.setattr(Tokens, "blocks", lambda self: blocks(self, 7))
    with h5py.File(brought(tmp_path, padded())) as file:
        found = {name: file[f"text/{name}"][()].tolist() for name in file["text"]}
    (tmp_path / "f.h5").write_bytes(whole)
    with h5py.File(tmp_path / "f.h5") as file:
        assert found == {name: file[f"text/{name}"][()].tolist() for name in file["text"]}


def changed(array: Any, index: Any, value: Any) -> NDArray[Any]:
    copy: NDArray[Any] = np.array(array)
    copy[index] = value
    return copy


ONE_EMPTY = changed(mask(), 2, False)
WIDE = vectors(0, N, D + 1)
MALFORMED = [
    (plain, {"video": None}, "has no video side.*it holds text"),
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
    (plain, {"video_ids": list("abcab")}, "video_ids holds 'a' 2 times"),
    (plain, {"video_ids": list("abcd")}, r"holds video_ids of shape \(4,\), expected \(5,\)"),
    (plain, {"video_ids": np.arange(5.0)}, "holds float64 in video_ids, expected strings or whole"),
    (plain, {"text_ids": np.array([b"\xff", b"a", b"b", b"c", b"d"])}, "in text_ids, .*not UTF-8"),
    (plain, {"captions": list("abcd")}, r"holds captions of shape \(4,\), expected \(5,\)"),
    (plain, {"captions": np.arange(N)}, "holds int64 in captions, expected strings"),
    (plain, {"text": vectors(0, 7, D)}, "holds 7 texts and 5 videos, but no text_video"),
    (plain, {"text_video": [0, 1, 2, 3, 5]}, "text_video gives text 'text4' the video row 5"),
    (plain, {"text_video": [0, 1, 2, -1, 4]}, "text_video gives text 'text3' the video row -1"),
    (plain, {"text_video": [0, 1]}, r"holds text_video of shape \(2,\), expected \(5,\)"),
    (plain, {"text_video": np.ones(N)}, "holds float64 in text_video, expected whole numbers"),
    (padded, {"video_mask": None}, r"holds padded video_tokens \(5, 4, 3\) without video_mask"),
    (padded, {"video_mask": mask()[:4]}, r"holds video_mask of shape \(4, 4\), expected \(5, 4\)"),
    (padded, {"video_mask": mask() * 2}, "holds int64 in video_mask, expected true where"),
    (padded, {"video_mask": ONE_EMPTY}, "gives item 'v2' no token in video_mask"),
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
    with pytest.raises(InputError, match="is a folder: give --out the name of a file"):
        import_arrays(good, tmp_path, overwrite=True)
    with pytest.raises(InputError, match=r"bad\.npz is no HDF5 file and is not overwritten"):
        import_arrays(good, bad, overwrite=True)
    assert out.read_bytes() == before
    import_arrays(good, out, overwrite=True)
    assert out.read_bytes() != before
    assert {p.name for p in tmp_path.iterdir()} == {"arrays.npz", "good.npz", "bad.npz", "f.h5"}


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command(tmp_path: Path) -> None:
    source = save(tmp_path / "arrays.npz", plain(), vidoe_ids=np.arange(N), junk=1)
    out = tmp_path / "f.h5"
    done = run("import", source, "--out", out, "--raw", "--dtype", "float64", "--split", "test")
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "'vidoe_ids' in" in done.stderr
    assert "is not read. Did you mean 'video_ids'?" in done.stderr
    assert "'junk' in" in done.stderr
    with open_features(out) as features:
        assert features.attrs["split"] == "test"
        assert features.attrs["dtype"] == "float64"
        assert not features.video.normalized
    again = run("import", source, "--out", out)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    assert "Traceback" not in again.output
    assert run("import", source, "--out", out, "--overwrite").exit_code == 0
    assert run("import", tmp_path / "nothing", "--out", tmp_path / "g.h5").exit_code == 2
    (tmp_path / "file").write_text("")
    blocked = run("import", source, "--out", tmp_path / "file" / "f.h5")
    assert blocked.exit_code == 2
    assert "cannot be written" in blocked.stderr


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("videoclip_msrvtt100", 100),
        ("clip_vitb16_coco_val500", 500),
        ("clip_vitb32_memorylens290", 290),
    ],
)
def test_real_embeddings(tmp_path: Path, shared_data: Path, name: str, n: int) -> None:
    source = shared_data / "embeddings" / f"{name}.npz"
    with open_features(import_arrays(source, tmp_path / "f.h5")) as features, np.load(source) as of:
        videos = of["video" if "video" in of else "image"]
        assert len(features.video) == len(features.text) == n
        np.testing.assert_array_equal(features.video.block(0, n).global_vectors, videos)
        np.testing.assert_array_equal(features.text.block(0, n).tokens, of["text"])
        assert features.video.tokens.dtype == videos.dtype
        assert (features.text.captions is not None) == ("captions" in of)
