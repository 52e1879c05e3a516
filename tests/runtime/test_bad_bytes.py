"""The door, the npz reader and the JSON reader: what anybody's files may do to them."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vrbench.errors import InputError
from vrbench.runtime.inputs import as_text, reading
from vrbench.runtime.json_text import DEPTH, parse_json, read_json
from vrbench.runtime.npy import read_npy
from vrbench.runtime.npz import open_npz, read_npz


def npy(shape: str, descr: str = "<f4", data: bytes = b"") -> bytes:
    """An npy whose header says what it likes."""
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


def of(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def write_zip(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


class PanicException(BaseException):
    """What a library in Rust raises, which is no ``Exception``."""


@pytest.mark.parametrize(
    "raised",
    [
        *(SystemError("x"), MemoryError(), RecursionError(), KeyError("x"), AttributeError("x")),
        *(OverflowError("x"), NotImplementedError(), AssertionError(), StopIteration()),
        *(PanicException("x"), zipfile.BadZipFile("x"), OSError(5, "Input/output error")),
    ],
    ids=lambda raised: type(raised).__name__,
)
def test_the_door_makes_one_sentence_of_whatever_a_library_raises(raised: BaseException) -> None:
    says = r"^f\.x is damaged \(.+\): copy it again\.$"
    with pytest.raises(InputError, match=says) as caught, reading("f.x", "copy it again"):
        raise raised
    assert caught.value.__cause__ is raised, "a defect of vrbench can be found behind it"


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), SystemExit(3), InputError("as it is.")])
def test_input_errors_and_interruptions_pass_unchanged(raised: BaseException) -> None:
    with pytest.raises(type(raised)) as caught, reading("f.x"):
        raise raised
    assert caught.value is raised


@pytest.mark.parametrize("code", [0x110000, 0xFFFFFFFF, 0xD800, 0xDFFF])
@pytest.mark.parametrize("order", ["<", ">"])
def test_no_string_holds_what_is_no_character(code: int, order: str) -> None:
    array = np.array([0x61, code], f"{order}u4").view(f"{order}U1")
    said = rf"U\+{code:X}" if code > 0x10FFFF else rf"'\\u{code:x}'"
    with pytest.raises(InputError, match=f"{said} in ids, which is not UTF-8"):
        as_text(array, "ids", "f.npz")


def test_strings_of_any_kind_are_kept() -> None:
    for array in (np.array(["é\U0001f600", ""]), np.array(["a"])[:0], np.zeros(2, "U0")):
        np.testing.assert_array_equal(as_text(array, "ids", "f.npz"), array)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (npy("(18446744073709551616,)"), "is damaged"),
        (npy("(-1,)", data=b"\0" * 8), "is damaged"),
        (npy("(4000000000,)", data=b"\0" * 8), "and 8 bytes are there"),
        (npy("(1000000000,)", "<U0"), "and 0 bytes are there"),
        (npy("(1,)", "<U99999999"), "and 0 bytes are there"),
        (npy("(1,)", "|O", b"\0" * 8), "holds Python objects"),
        (npy("(")[:-5], "is damaged"),
        (b"\x93NUMPY\x09\x00", "is damaged"),
        (b"PK\x03\x04", "is not an array as numpy stores it"),
        (b"\x80\x04N.", "is not an array as numpy stores it"),
        (b"", "is not an array as numpy stores it"),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_sizes_are_checked_before_memory_is_taken(
    data: bytes, says: str, inside: bool, tmp_path: Path
) -> None:
    if inside:
        path = write_zip(tmp_path / "a.npz", ("a.npy", data))
        says = says.replace("is damaged", "(is damaged|cannot be read)")
        with pytest.raises(InputError, match=f"holds 'a', which.*{says}"):
            read_npz(path)
        return
    path = tmp_path / "a.npy"
    path.write_bytes(data)
    for mapped in (False, True):
        with pytest.raises(InputError, match=f"a.npy {says}|a.npy.*{says}"):
            read_npy(path, mapped=mapped)


@pytest.mark.parametrize(
    "array", [np.ones((3, 2)), np.zeros((0, 4)), np.array("a"), np.asfortranarray(np.eye(3)[:2])]
)
def test_sound_arrays_come_back(array: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=array)
    np.savez_compressed(tmp_path / "b.npz", a=array)
    np.save(tmp_path / "a.npy", array)
    found = (read_npz(tmp_path / f"{name}.npz")["a"] for name in "ab")
    for back in (*found, read_npy(tmp_path / "a.npy")):
        assert back.dtype == array.dtype
        np.testing.assert_array_equal(back, array)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = write_zip(tmp_path / "a.npz", ("a.npy", of(1)), ("b", of(1)), ("a.npy", of(2)))
    with pytest.raises(InputError, match="holds 'a' twice"):
        read_npz(path)
    path = write_zip(tmp_path / "b.npz", ("a.npy", of(1)), ("a", of(2)))
    with pytest.raises(InputError, match="holds 'a' twice"):
        read_npz(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_npz_of_another_packing_is_refused(method: int, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.npz", ("a.npy", of(1)), method=method)
    with pytest.raises(InputError, match="by another method than deflate"):
        read_npz(path)


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as member,
    ):
        member.write(npy("(600000000,)", "|u1"))
        for _ in range(600):
            member.write(bytes(1_000_000))
    with pytest.raises(InputError, match="more than 100 times as many"), open_npz(path):
        pass


def test_arrays_of_zeros_are_no_bomb(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(10_000_000, np.uint8))
    assert (tmp_path / "a.npz").stat().st_size < 20_000
    assert read_npz(tmp_path / "a.npz")["a"].size == 10_000_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2}', "has the key 'a' twice"),
        ('{"b": [{"a": 1, "a": 1}]}', "has the key 'a' twice"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * (DEPTH + 1) + "]" * (DEPTH + 1), f"more than {DEPTH} levels"),
        ('{"a":' * (DEPTH + 1) + "1" + "}" * (DEPTH + 1), f"more than {DEPTH} levels"),
        ("9" * 5000, "is not JSON"),
        ("{", "is not JSON"),
        ("", "is not JSON"),
    ],
)
def test_json_that_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=f"^.*a\\.json.*{says}"):
        read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match=f"^here.*{says}"):
        parse_json(text, "here")


def test_json_that_is_read(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, "é"], "b": {"a": {}}}
    for data in (json.dumps(value).encode(), b"\xef\xbb\xbf" + json.dumps(value).encode()):
        (tmp_path / "a.json").write_bytes(data)
        assert read_json(tmp_path / "a.json") == value
    assert parse_json("[" * DEPTH + "]" * DEPTH, "here")
    (tmp_path / "a.json").write_bytes(b'"\xe9"')
    with pytest.raises(InputError, match="not UTF-8 at byte 1"):
        read_json(tmp_path / "a.json")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    from vrbench.importing.load import load_arrays

    path = tmp_path / "a.npz"
    os.mkfifo(path)
    for read in (read_npz, read_npy, read_json, lambda path: load_arrays(path, ())):
        with pytest.raises(InputError, match=r"a\.npz is no file"):
            read(path)
