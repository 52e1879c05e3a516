"""Every layout gives the same items, pairs and captions, whatever the order of the sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from laid_out import CAPTIONS, D, Data, check, owner, rows, write_lines
from safetensors.numpy import save_file

from vrbench.errors import InputError
from vrbench.features.inspect import inspect_file
from vrbench.importing import Given
from vrbench.importing.to_features import import_arrays

KINDS = ("tokens", "vectors")


def data_of(kind: str) -> Data:
    return Data.of_tokens() if kind == "tokens" else Data.of_vectors()


def as_npz(path: Path, items: dict[str, Any]) -> Path:
    np.savez(path.with_suffix(".npz"), **items)
    return path.with_suffix(".npz")


def as_hdf5(path: Path, items: dict[str, Any]) -> Path:
    with h5py.File(path.with_suffix(".hdf5"), "w") as file:
        for name, array in items.items():
            file[name] = array
    return path.with_suffix(".hdf5")


def as_hdf5_groups(path: Path, items: dict[str, Any]) -> Path:
    """ActivityNet's C3D features, COOT: a group an id with one dataset."""
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, array in items.items():
            file[f"{name}/c3d_features"] = array
    return path.with_suffix(".h5")


def as_torch(path: Path, items: dict[str, Any]) -> Path:
    torch.save({name: torch.from_numpy(x) for name, x in items.items()}, path.with_suffix(".pt"))
    return path.with_suffix(".pt")


def as_old_torch(path: Path, items: dict[str, Any]) -> Path:
    tensors = {name: torch.from_numpy(x)[None] for name, x in items.items()}
    torch.save(tensors, path.with_suffix(".pth"), _use_new_zipfile_serialization=False)
    return path.with_suffix(".pth")


def as_safetensors(path: Path, items: dict[str, Any]) -> Path:
    save_file(items, path.with_suffix(".safetensors"))
    return path.with_suffix(".safetensors")


def as_folder(path: Path, items: dict[str, Any], write: Any = np.save, ending: str = "npy") -> Path:
    path.mkdir()
    for name, array in items.items():
        write(path / f"{name}.{ending}", array)
    return path


def as_npz_folder(path: Path, items: dict[str, Any]) -> Path:
    """HERO's files: features beside others' arrays are not there, a batch of one is."""
    return as_folder(path, items, lambda file, x: np.savez(file, features=x[None]), "npz")


def as_torch_folder(path: Path, items: dict[str, Any]) -> Path:
    def write(file: Path, array: Any) -> None:
        torch.save(torch.from_numpy(array), file)

    return as_folder(path, items, write, "pt")


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


@pytest.mark.parametrize("form", ["list", "lines", "csv", "tsv"])
@pytest.mark.parametrize("write", [as_hdf5, as_torch, as_folder])
def test_captions_by_the_videos_names(write: Any, form: str, tmp_path: Path) -> None:
    data = Data.of_tokens()
    video, text = (write(tmp_path / side, getattr(data, side)) for side in ("video", "text"))
    names = sorted(CAPTIONS, key=lambda name: name.partition("#")[2])
    path = tmp_path / "captions"
    if form in ("csv", "tsv"):
        sign = {"csv": ";", "tsv": "\t"}[form]
        lines = [f'{row["video"]}{sign}"{row["desc"]}"' for row in rows(names)]
        path.write_text("\n".join([f"vid{sign}sentence", *lines]), encoding="utf-8")
    else:
        write_lines(path, rows(names))
        if form == "list":
            path.write_text("[" + path.read_text("utf-8").replace("\n", ",\n") + "]", "utf-8")
    check(Given(video=video, text=text, captions=path), tmp_path, data, captions=True)


def test_captions_by_ids_of_their_own(tmp_path: Path) -> None:
    """TVR and QVHighlights: texts keyed by desc_id or qid, a number."""
    data = Data.of_tokens()
    number = {name: 100 + 7 * i for i, name in enumerate(sorted(data.text))}
    texts = {str(number[name]): x for name, x in data.text.items()}
    lines = [
        {"desc_id": n, "vid_name": owner(name), "desc": CAPTIONS[name]}
        for name, n in reversed(number.items())
    ]
    given = Given(
        video=as_hdf5(tmp_path / "video", data.video),
        text=as_hdf5(tmp_path / "text", texts),
        captions=write_lines(tmp_path / "tvr.jsonl", lines),
        keys={"vid_name": "video_id"},
    )
    out = import_arrays(given, tmp_path / "made.h5")
    with h5py.File(out) as file:
        videos, links = file["video/ids"].asstr()[:], file["text/video"][:]
        ids, said = file["text/ids"].asstr()[:], file["text/captions"].asstr()[:]
    back = {str(n): name for name, n in number.items()}
    assert [videos[link] for link in links] == [owner(back[name]) for name in ids]
    assert said.tolist() == [CAPTIONS[back[name]] for name in ids]


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


def test_rows_without_names_are_those_of_the_captions(tmp_path: Path) -> None:
    data = Data.of_vectors()
    names = sorted(data.text, key=lambda name: name.partition("#")[2])
    np.save(tmp_path / "t.npy", np.stack([data.text[name] for name in names]))
    captions = write_lines(tmp_path / "c.jsonl", rows(names))
    video = as_hdf5(tmp_path / "v", data.video)
    notes = check(Given(None, video, tmp_path / "t.npy", captions), tmp_path, data, captions=True)
    assert "Without names, texts are those of c.jsonl by place, row i its row i." in notes
    np.save(tmp_path / "v.npy", np.stack(list(data.video.values())))
    given = Given(None, tmp_path / "v.npy", tmp_path / "t.npy", captions)
    with pytest.raises(InputError, match=r"4 videos in 5 rows, .* has 4 videos without names"):
        import_arrays(given, tmp_path / "no.h5")
    one = {"v10#0": 0, "-4w_x#0": 1, "v2#0": 2, "café#0": 3}
    np.save(tmp_path / "t.npy", np.stack([data.text[name] for name in one]))
    np.save(tmp_path / "v.npy", np.stack([data.video[owner(name)] for name in one]))
    write_lines(captions, rows(one))
    fewer = Data(data.video, {name: data.text[name] for name in one})
    notes = check(given, tmp_path, fewer, captions=True)
    said = "Without names, texts and videos are those of c.jsonl by place, row i its row i."
    assert said in notes
    assert said in inspect_file(tmp_path / "made.h5").notes
    write_lines(captions, rows(list(one)[:3]))
    with pytest.raises(InputError, match=r"has 3 captions, and .* 4 texts without names"):
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
