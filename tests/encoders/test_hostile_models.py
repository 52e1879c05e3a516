"""ONNX models that take their numbers from other files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")
pytest.importorskip("PIL")

from hostile_files import model_with_numbers_in
from tiny_onnx import SIDE, write_models

from vrbench.datasets.captions import Caption
from vrbench.encoders.onnx import Onnx
from vrbench.encoders.onnx_data import external_data
from vrbench.encoders.session import Session
from vrbench.errors import InputError

SPEC = Onnx(size=SIDE, mean="0/0/0", std="1/1/1")
NUMBERS = np.arange(8, dtype=np.float32)
PLACES = ("initializer", "attribute", "branch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of models; ``secret`` lies outside of it, ``link`` and ``parts/link`` lead there."""
    (tmp_path / "secret").write_bytes(NUMBERS.tobytes())
    folder = tmp_path / "models"
    (folder / "parts").mkdir(parents=True)
    for name in ("beside", "parts/inside"):
        (folder / name).write_bytes(NUMBERS.tobytes())
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "parts" / "link").symlink_to(tmp_path)
    return folder


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["beside", "parts/inside", "./beside"])
def test_numbers_in_the_own_folder_are_read(folder: Path, name: str, place: str) -> None:
    path = model_with_numbers_in(folder / "m.onnx", name, place)
    assert external_data(path) == [folder / name]
    session = Session(path, "y", "cpu")
    assert session.files == [path, folder / name]
    given: Any = {"x": np.zeros(8, dtype=np.float32)}
    np.testing.assert_array_equal(session._session.run(None, given)[0], NUMBERS)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "name", ["../secret", "{root}/secret", "link", "parts/link/secret", "parts/../beside", "*/a/*"]
)
def test_numbers_from_elsewhere_are_refused(
    folder: Path, name: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    monkeypatch.delattr(onnxruntime, "InferenceSession")
    path = model_with_numbers_in(folder / "m.onnx", name.format(root=folder.parent), place)
    with pytest.raises(InputError, match=r"m\.onnx takes numbers from '.*', outside of its own f"):
        Session(path, "y", "cpu")


def test_numbers_that_are_not_there_are_missed(folder: Path) -> None:
    path = model_with_numbers_in(folder / "m.onnx", "gone")
    with pytest.raises(InputError, match="takes numbers from 'gone', which is missing: put"):
        Session(path, "y", "cpu")


def test_a_cache_of_links_is_read(folder: Path) -> None:
    """As the hub keeps it: the model and its numbers are links to files of another folder."""
    cache = folder.parent / "snapshot"
    cache.mkdir()
    model_with_numbers_in(folder / "blob", "m.onnx_data")
    (cache / "m.onnx").symlink_to(folder / "blob")
    (cache / "m.onnx_data").symlink_to(folder / "beside")
    assert Session(cache / "m.onnx", "y", "cpu").files == [cache / "m.onnx", cache / "m.onnx_data"]


def test_files_beside_a_model_are_part_of_the_weights(tmp_path: Path) -> None:
    onnx: Any = pytest.importorskip("onnx")
    write_models(tmp_path)
    alone = SPEC.load(tmp_path)
    whole = onnx.load(tmp_path / "text.onnx")
    onnx.save(
        whole,
        tmp_path / "text.onnx",
        save_as_external_data=True,
        location="text.data",
        size_threshold=0,
    )
    split = SPEC.load(tmp_path)
    assert split.weights.keys() - alone.weights.keys() == {"text.data"}
    caption = Caption("v#0", "v", "a cat sits")
    np.testing.assert_array_equal(split.text(caption).tokens, alone.text(caption).tokens)


@pytest.mark.parametrize("name", ["m.onnx", "m.ort"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a model",
        b"\x10\x00\x00\x00ORTM" + bytes(100),
        b"\x3a\xff\xff\xff\xff\x0f",
        b"\x3a" * 1000,
        b"\xff" * 100,
    ],
)
def test_other_files_are_no_models(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match="is not a model that onnxruntime can read"):
        Session(tmp_path / name, "y", "cpu")


def test_graphs_in_graphs_end(tmp_path: Path) -> None:
    data = b""
    for field in [6 << 3 | 2, 5 << 3 | 2, 1 << 3 | 2] * 200:
        size = len(data)
        data = bytes([field, size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14]) + data
    size = len(data)
    head = bytes([7 << 3 | 2, size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14])
    (tmp_path / "m.onnx").write_bytes(head + data)
    with pytest.raises(InputError, match="is not a model"):
        external_data(tmp_path / "m.onnx")
