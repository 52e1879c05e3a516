"""The same videos and texts in the layouts of other programs, the sides in different orders."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from vrbench.features import open_features
from vrbench.importing import Given
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]
D = 6
VIDEOS = {"v10": 3, "v2": 1, "café": 4, "-4w_x": 2}
"""Tokens of each video; names in this order are in no other one."""
TEXTS = {"v2#0": 2, "café#1": 1, "v10#0": 5, "-4w_x#0": 3, "café#0": 2}
CAPTIONS = {name: f"about {name}, truly" for name in TEXTS}


def tokens(lengths: dict[str, int], seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal((n, D)).astype(np.float32) for name, n in lengths.items()}


@dataclass(frozen=True)
class Data:
    """The items of both sides, by name."""

    video: dict[str, Array]
    text: dict[str, Array]

    @classmethod
    def of_tokens(cls) -> Data:
        return cls(tokens(VIDEOS, 0), tokens(TEXTS, 1))

    @classmethod
    def of_vectors(cls) -> Data:
        """One vector an item, (d,)."""
        whole = cls.of_tokens()
        return cls(*({k: x[0] for k, x in side.items()} for side in (whole.video, whole.text)))


def owner(text: str) -> str:
    return text.partition("#")[0]


def rows(names: Any) -> list[dict[str, str]]:
    """Captions as rows of a file, in the order of these texts."""
    return [{"video": f"{owner(name)}.mp4", "desc": CAPTIONS[name]} for name in names]


def write_lines(path: Path, values: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(value) for value in values), encoding="utf-8")
    return path


def in_order() -> list[str]:
    """Names of the texts so that those of a video are counted in their order."""
    return sorted(TEXTS, key=lambda name: (name.partition("#")[2], len(name)))


def check(given: Given | Path, folder: Path, data: Data, captions: bool = False) -> list[str]:
    """Import, and compare every item, pair and caption by name; return the notes."""
    notes: list[str] = []
    path = import_arrays(given, folder / "made.h5", overwrite=True, note=notes.append)
    with open_features(path) as features:
        for side, expected in ((features.video, data.video), (features.text, data.text)):
            ids = side.ids.tolist()
            assert sorted(ids) == sorted(expected)
            for i, name in enumerate(ids):
                found = side.block(i, i + 1).tokens
                np.testing.assert_array_equal(found, np.atleast_2d(expected[name]))
        owners = features.video.ids[features.text_video].tolist()
        assert owners == [owner(name) for name in features.text.ids.tolist()]
        if captions:
            said = features.text.item_columns["captions"].tolist()
            assert said == [CAPTIONS[name] for name in features.text.ids.tolist()]
        else:
            assert features.text.captions is None
    return notes


Writer = Callable[[Path, Data], Given]


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
