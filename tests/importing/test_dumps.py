"""Folders with a file an item, as others' scripts leave them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.importing.to_features import import_arrays

LENGTHS = {"v2": 3, "v10": 1, "v1": 4}
TEXTS = {"v1#0": 2, "v1#1": 5, "v10": 1, "v2_0": 3}


def items(lengths: dict[str, int], d: int = 4) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(0)
    return {k: rng.standard_normal((n, d)).astype(np.float32) for k, n in lengths.items()}


def dump(folder: Path, arrays: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in arrays.items():
        if isinstance(value, dict):
            np.savez(folder / f"{name}.npz", **value)
        else:
            np.save(folder / f"{name}.npy", value)
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    dump(tmp_path / "dump" / "video", items(LENGTHS))
    dump(tmp_path / "dump" / "text", items(TEXTS))
    return tmp_path / "dump"


def message(source: Path) -> str:
    with pytest.raises(InputError) as error:
        import_arrays(source, source.parent / "f.h5")
    assert not (source.parent / "f.h5").exists()
    return str(error.value)


def test_a_file_an_item(source: Path) -> None:
    (source / "captions.csv").write_text("video_id,caption\nv1,a\nv1,b\nv2,c\nv10,d\n")
    path = import_arrays(source, source.parent / "f.h5")
    with open_features(path) as features:
        assert features.video.ids.tolist() == ["v1", "v2", "v10"]
        assert features.text.ids.tolist() == ["v1#0", "v1#1", "v2_0", "v10"]
        for side, given in ((features.video, items(LENGTHS)), (features.text, items(TEXTS))):
            for i, name in enumerate(side.ids.tolist()):
                np.testing.assert_array_equal(side.block(i, i + 1).tokens, given[name])
        names = features.video.ids[features.text_video].tolist()
        assert names == [name.split("#")[0].split("_")[0] for name in features.text.ids.tolist()]
        captions = features.text.item_columns["captions"].tolist()
        expected = {"v1#0": "a", "v1#1": "b", "v2_0": "c", "v10": "d"}
        assert captions == [expected[name] for name in features.text.ids.tolist()]


def test_masks_and_global_vectors(source: Path) -> None:
    plain = items(LENGTHS)
    padded = {
        name: {
            "tokens": np.concatenate([tokens, np.full((2, 4), np.nan, np.float32)]),
            "mask": np.r_[np.ones(len(tokens)), 0, 0],
            "global": tokens.mean(axis=0),
        }
        for name, tokens in plain.items()
    }
    for file in (source / "video").iterdir():
        file.unlink()
    dump(source / "video", padded)
    with open_features(import_arrays(source, source.parent / "f.h5")) as features:
        video = features.video.block(0, 3)
        assert video.lengths.tolist() == [4, 3, 1]
        np.testing.assert_array_equal(video.tokens[4:7], plain["v2"])
        np.testing.assert_allclose(video.global_vectors[0], plain["v1"].mean(axis=0))


def test_masks_that_begin_false_and_end_true_are_noted(source: Path) -> None:
    several = items({"v1": 4, "v2": 3, "v10": 2})
    told = "begin with padding: right for models that pad on the left, else the mask is inverted"
    for some in (1, 2):  # inverted masks, of three
        padded = {
            name: {"tokens": tokens, "mask": np.arange(len(tokens)) > 0}
            if i < some
            else {"tokens": tokens, "mask": np.ones(len(tokens))}
            for i, (name, tokens) in enumerate(several.items())
        }
        for file in (source / "video").iterdir():
            file.unlink()
        dump(source / "video", padded)
        with open_features(import_arrays(source, source.parent / f"{some}.h5")) as features:
            said = [note for note in features.data_notes if told in note]
        assert len(said) == (some == 2)
        assert all(note.startswith("2 of 3 items of /video ") for note in said)


def test_one_vector_an_item_beside_arrays(tmp_path: Path) -> None:
    vectors = {name: tokens[0] for name, tokens in items(LENGTHS).items()}
    dump(tmp_path / "dump" / "video", vectors)
    dump(tmp_path / "dump", {"text": np.ones((2, 4)), "text_video": np.array([2, 0])})
    with open_features(import_arrays(tmp_path / "dump", tmp_path / "f.h5")) as features:
        np.testing.assert_array_equal(features.video.global_vectors[0], vectors["v1"])
        assert features.text_video.tolist() == [2, 0]


def test_what_does_not_fit_is_named(source: Path) -> None:
    video = source / "video"
    for name, value, expected in (
        ("v3", np.ones((2, 5), np.float32), r"v3.npy holds tokens \(l, d\), d = 5, but v1.npy"),
        ("v3", np.ones(4, np.float32), "v3.npy holds one vector"),
        ("v3", np.ones((2, 4), int), "v3.npy holds int64"),
        ("v3", np.ones((0, 4)), "none 0"),
        ("v3", {"a": np.ones(4), "b": np.ones(4)}, "v3.npz holds a, b, expected tokens"),
        ("v3", {"tokens": np.ones((2, 4)), "mask": np.zeros(2)}, "v3.npz has a mask"),
    ):
        dump(video, {name: value})
        with pytest.raises(InputError, match=expected):
            import_arrays(source, source.parent / "f.h5")
        for file in video.glob("v3.*"):
            file.unlink()
    dump(source / "text", {"other": np.ones((1, 4), np.float32)})
    assert "1 of 5 texts name no video, the first is 'other'" in message(source)
    (source / "text" / "other.npy").unlink()
    (source / "captions.csv").write_text("video_id,caption\nv1,a\n")
    assert "is caption 1 (counted from 0) of video 'v1', but captions.csv has 1" in message(source)
    dump(source, {"video_tokens": np.ones((8, 4))})
    assert "says what video_tokens.npy beside it says" in message(source)
    (video / "v1.npy").write_bytes(b"\x93NUMPY\x01")
    assert "v1.npy" in message(source)
    for file in video.iterdir():
        file.unlink()
    assert "holds no npy or npz file" in message(source)


def test_pickles_are_refused(source: Path) -> None:
    np.save(source / "video" / "v1.npy", np.array([{}], dtype=object))
    assert "only a pickle can store" in message(source)
