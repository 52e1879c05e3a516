from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_arrays import D, N, brought, mask, packed, padded, plain, save, vectors
from typer.testing import CliRunner

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.features import Tokens, open_features
from vrbench.importing.to_features import import_arrays


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


def test_a_mask_that_begins_false_and_ends_true_is_noted(tmp_path: Path) -> None:
    given = np.arange(4) < np.array([3, 2, 4, 1, 3])[:, None]
    told = "4 of 5 items of /video begin with padding (video_mask): right for models that pad on"
    left, arrays = given[:, ::-1], padded() | {"video_tokens": vectors(0, N, 4, D)}
    for number, noted in ((given, False), (left, True), (left.astype(np.int64), True)):
        notes: list[str] = []
        out = brought(tmp_path, arrays | {"video_mask": number}, note=notes.append)
        assert any(told in note for note in notes) == noted
        with open_features(out) as features:
            assert any(told in note for note in features.data_notes) == noted
    few = np.where(np.arange(5)[:, None] < 3, True, left)
    brought(tmp_path, arrays | {"video_mask": few}, note=notes.append)
    assert not any("2 of 5" in note for note in notes)


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
