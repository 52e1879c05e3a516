from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import random_sim, refused
from numpy.typing import NDArray

from vrbench.sims.file import load_sim

Array = NDArray[Any]


def write_npz(**arrays: Any) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **arrays)


def npy(array: Array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def zip_of(members: dict[str, bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)

    return write


def bad_value(row: int, column: int, value: float) -> Array:
    sim = random_sim()
    sim[row, column] = value
    return sim


BAD_SIMS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "nan": (write_npz(t2v=bad_value(2, 4, np.nan)), r"t2v of text 2 and video 4 is nan"),
    "infinity": (
        write_npz(t2v=random_sim(), v2t=bad_value(5, 0, -np.inf)),
        r"v2t of text 5 and video 0 is -inf",
    ),
    "v2t as videos x texts": (
        write_npz(t2v=random_sim(), v2t=random_sim().T),
        r"v2t is t2v transposed, videos x texts: every matrix is texts x videos",
    ),
    "links that contradict positives": (
        write_npz(t2v=random_sim(), text_video=np.arange(6)[::-1], positives=np.eye(6, dtype=int)),
        r"text_video pairs text 0 with video 5, but positives does not",
    ),
    "nan in the bank": (
        write_npz(t2v=random_sim(), bank_t2v=bad_value(3, 1, np.nan), bank_v2t=random_sim()),
        r"bank_t2v of text 3 and video 1 is nan",
    ),
    "not square": (write_npz(t2v=np.ones((4, 5))), "4 texts x 5 videos is not square.*text_video"),
    "v2t of another shape": (
        write_npz(t2v=np.ones((4, 5)), v2t=np.ones((5, 4)), text_video=np.zeros(4, int)),
        r"v2t has shape \(5, 4\), t2v \(4, 5\)",
    ),
    "bank of another shape": (
        write_npz(t2v=random_sim(), bank_t2v=np.ones((6, 5))),
        r"bank_t2v has shape \(6, 5\), expected \(bank texts, 6\)",
    ),
    "one dimension": (write_npz(t2v=np.ones(5)), r"t2v is float64 \(5,\)"),
    "empty": (write_npz(t2v=np.ones((0, 5))), r"t2v is float64 \(0, 5\)"),
    "strings": (write_npz(t2v=np.array([["a"]])), "t2v is <U1"),
    "no t2v": (write_npz(sims=random_sim()), r"no matrix 't2v' .* It has: sims\."),
    "misspelt t2v": (write_npz(t2v_=random_sim()), r"no matrix 't2v' .* Did you mean 't2v_'\?"),
    "objects": (write_npz(t2v=np.array([[object()]])), "not a readable npz|t2v"),
    "text_video out of range": (
        write_npz(t2v=random_sim(), text_video=np.array([0, 1, 2, 3, 4, 6])),
        "points text 5 to video 6",
    ),
    "ids twice": (
        write_npz(t2v=random_sim(), text_ids=list("abacae")),
        "'a' stands in rows 0 and 2",
    ),
    "an empty bank": (
        write_npz(t2v=random_sim(), bank_t2v=np.ones((0, 6))),
        r"bank_t2v is float64 \(0, 6\), .*none of them 0",
    ),
    "ids that are not UTF-8": (
        write_npz(t2v=np.eye(2), video_ids=np.array([b"\xff", b"b"])),
        r"holds b'\\xff' in video_ids, which is not UTF-8",
    ),
    "half a surrogate pair": (
        write_npz(t2v=np.eye(2), text_ids=np.array(["v\ud800", "b"])),
        r"s\.npz holds 'v\\ud800' in text_ids, which is not UTF-8",
    ),
    "captions that are not UTF-8": (
        write_npz(t2v=np.eye(2), captions=np.array([b"\xff", b"b"])),
        r"in captions, which is not UTF-8",
    ),
    "numbers as captions": (
        write_npz(t2v=np.eye(2), captions=np.arange(2)),
        "captions holds int64, expected strings",
    ),
    "lengths as ids": (write_npz(t2v=np.eye(2), text_ids=np.ones(2)), "text_ids holds float64"),
    "a number as norm": (write_npz(t2v=np.eye(2), norm=3), r"norm is int64 \(\), expected one"),
    "two norms": (write_npz(t2v=np.eye(2), norm=["ncl", "none"]), r"norm is <U4 \(2,\)"),
    "no npy inside": (zip_of({"t2v": b"0.1 0.2"}), "holds 't2v', which is not an array"),
    "a bank that is no npy": (
        zip_of({"t2v.npy": npy(np.eye(2)), "bank_t2v": b"1"}),
        "holds 'bank_t2v', which is not an array",
    ),
    "a part that is no npy": (
        zip_of({"t2v.npy": npy(np.eye(2)), "norm": b"none"}),
        "holds 'norm', which is not an array",
    ),
    "a damaged header": (
        zip_of({"t2v.npy": npy(np.eye(2)).replace(b"}", b"(")}),
        "holds 't2v', which cannot be read",
    ),
    "a text file": (lambda path: path.write_text("0.1 0.2\n"), "not a readable npz"),
    "an empty file": (lambda path: path.write_bytes(b""), "not a readable npz"),
    "one array that is cut off": (lambda path: path.write_bytes(npy(random_sim())[:-8]), "damaged"),
    "a folder": (lambda path: path.mkdir(), "s.npz is a folder"),
}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", BAD_SIMS)
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_bad_similarity_file_is_refused(name: str) -> None:
    write, says = BAD_SIMS[name]
    write(Path("s.npz"))
    message = refused("eval", "--from-sim", "s.npz", "-q", says=says)
    assert "s.npz" in message
    assert not Path("results").exists()


@pytest.mark.usefixtures("place")
def test_bytes_in_a_similarity_file_are_utf8() -> None:
    words: dict[str, Any] = {
        "norm": np.bytes_("none"),
        "video_ids": np.array(["é".encode(), b"b"]),
        "captions": np.array(["ça".encode(), b"x"]),
        "text_sequence": np.array([b"s", "é".encode()]),
    }
    np.savez("s.npz", t2v=np.eye(2), **words)
    found = load_sim("s.npz")
    assert found.norm == "none"
    assert found.raw is found.sim
    assert found.video_ids.tolist() == ["é", "b"]
    assert found.beside["captions"].tolist() == ["ça", "x"]
    assert found.sequences["text_sequence"].tolist() == ["s", "é"]
    np.savez("s.npz", t2v=np.eye(2), norm=["none"])
    assert load_sim("s.npz").norm == "none"


@pytest.mark.usefixtures("place")
def test_a_damaged_similarity_file_is_refused() -> None:
    np.savez_compressed("s.npz", t2v=random_sim(n=60))
    data = bytearray(Path("s.npz").read_bytes())
    for place in range(len(data) // 3, len(data) // 3 + 200, 20):
        broken = data.copy()
        broken[place : place + 20] = b"\xff" * 20
        Path("s.npz").write_bytes(broken)
        refused("eval", "--from-sim", "s.npz", "-q", says="s.npz")
    Path("s.npz").write_bytes(data[: len(data) // 2])
    refused("eval", "--from-sim", "s.npz", "-q", says="s.npz")
