"""Every layout gives the same items, pairs and captions, whatever the order of the sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from laid_out import (
    CAPTIONS,
    D,
    Data,
    as_folder,
    as_hdf5,
    as_hdf5_groups,
    as_npz,
    as_npz_folder,
    as_old_torch,
    as_safetensors,
    as_torch,
    as_torch_folder,
    check,
    owner,
)

from vrbench.errors import InputError
from vrbench.importing import Given
from vrbench.importing.to_features import import_arrays

KINDS = ("tokens", "vectors")


def data_of(kind: str) -> Data:
    return Data.of_tokens() if kind == "tokens" else Data.of_vectors()


BY_ID = (
    *(as_npz, as_hdf5, as_hdf5_groups, as_torch, as_safetensors),
    *(as_folder, as_npz_folder, as_torch_folder),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", BY_ID)
def test_a_side_keyed_by_id(write: Any, kind: str, tmp_path: Path) -> None:
    data = data_of(kind)
    given = Given(
        video=write(tmp_path / "video", data.video), text=write(tmp_path / "text", data.text)
    )
    check(given, tmp_path, data)


def test_a_file_of_an_older_torch_with_batches_of_one(tmp_path: Path) -> None:
    data = Data.of_tokens()
    video, text = (as_old_torch(tmp_path / side, getattr(data, side)) for side in ("video", "text"))
    check(Given(video=video, text=text), tmp_path, data)


@pytest.mark.parametrize(
    "names",
    [
        ("video_embeddings", "text_embeddings"),
        ("image_embeds", "text_embeds"),
        ("video_features", "caption_features"),
        ("image", "text"),
    ],
)
@pytest.mark.parametrize("write", [as_npz, as_hdf5, as_torch, as_safetensors, as_folder])
def test_arrays_by_the_usual_names(write: Any, names: tuple[str, str], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {name: rng.standard_normal((4, 5)).astype(np.float32) for name in names}
    notes: list[str] = []
    source = write(tmp_path / "all", arrays)
    out = import_arrays(source, tmp_path / "made.h5", note=notes.append)
    with h5py.File(out) as file:
        for side, name in zip(("video", "text"), names, strict=True):
            np.testing.assert_array_equal(file[f"{side}/tokens"], arrays[name])
            ours = "image" if name.startswith("image") else side
            assert (f"'{name}' is read as {ours}." in notes) == (name != ours)


@pytest.mark.parametrize("write", [as_npz, as_hdf5, as_torch])
def test_both_sides_by_id_in_one_file(write: Any, tmp_path: Path) -> None:
    data = Data.of_tokens()
    if write is as_torch:
        torch.save(
            {
                s: {k: torch.from_numpy(x) for k, x in getattr(data, s).items()}
                for s in ("text", "video")
            },
            tmp_path / "all.pt",
        )
        check(tmp_path / "all.pt", tmp_path, data)
    elif write is as_hdf5:
        both = {f"{s}/{k}": x for s in ("text", "video") for k, x in getattr(data, s).items()}
        check(as_hdf5(tmp_path / "all", both), tmp_path, data)
    else:
        (tmp_path / "all").mkdir()
        for side in ("text", "video"):
            as_npz(tmp_path / "all" / side, getattr(data, side))
        check(tmp_path / "all", tmp_path, data)


def test_a_text_says_its_video_by_name(tmp_path: Path) -> None:
    data = Data.of_vectors()
    np.savez(
        tmp_path / "a.npz",
        video=np.stack(list(data.video.values())),
        video_ids=[f"{name}.mp4" for name in data.video],
        text=np.stack(list(data.text.values())),
        text_ids=list(data.text),
        text_video=[owner(name) for name in data.text],
        captions=[CAPTIONS[name] for name in data.text],
    )
    notes = check(tmp_path / "a.npz", tmp_path, data, captions=True)
    assert "Names in video_ids are without the endings of files (v10.mp4)." in notes


def test_a_file_a_side_of_named_arrays(tmp_path: Path) -> None:
    data = Data.of_vectors()
    video: dict[str, Any] = {
        "embeddings": np.stack(list(data.video.values())),
        "ids": list(data.video),
    }
    names = list(data.text)
    np.savez(tmp_path / "v.npz", **video)
    torch.save(
        {
            "features": torch.from_numpy(np.stack(list(data.text.values())))[:, None],
            "names": names,
            "video_id": [f"{owner(name)}.avi" for name in names],
            "captions": [CAPTIONS[name] for name in names],
        },
        tmp_path / "t.pt",
    )
    given = Given(video=tmp_path / "v.npz", text=tmp_path / "t.pt")
    check(given, tmp_path, data, captions=True)
    np.save(tmp_path / "v.npy", video["embeddings"])
    given = Given(video=tmp_path / "v.npy", text=tmp_path / "t.pt")
    with pytest.raises(InputError, match="names the video of each text, but not its videos"):
        import_arrays(given, tmp_path / "no.h5")


def test_masks_of_a_tokenizer_by_key(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mask = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1]])
    arrays = {
        "image_embeds": rng.standard_normal((3, 1, D)),
        "last_hidden_state": rng.standard_normal((3, 3, D)),
        "attention_mask": mask,
    }
    source = as_npz(tmp_path / "a", arrays)
    keys = {"last_hidden_state": "text_tokens", "attention_mask": "text_mask"}
    out = import_arrays(Given(source, keys=keys), tmp_path / "made.h5")
    with h5py.File(out) as file:
        expected = arrays["last_hidden_state"][mask.astype(bool)]
        np.testing.assert_array_equal(file["text/tokens"], expected)
        np.testing.assert_array_equal(file["video/tokens"], arrays["image_embeds"][:, 0])
