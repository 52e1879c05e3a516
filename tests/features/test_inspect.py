from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hand_made import arrays, nan_at, write_by_hand
from typer.testing import CliRunner

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.features.inspect import inspect_file


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


def with_bank(path: Path, **attrs: Any) -> Path:
    changes: dict[str, Any] = {
        "video/global": np.ones((3, 4)),
        "video/level": [0, 1, 0, 0, 1, 1],
        "text/captions": ["a", "b", "c", "d"],
        "text/video": [0, 0, 0, 2],
    }
    bank = {f"bank/{name}": value for name, value in arrays().items() if name != "text/video"}
    for side in ("video", "text"):  # other items than those of the test set
        bank[f"bank/{side}/ids"] = [f"bank {name}" for name in bank[f"bank/{side}/ids"]]
        bank[f"bank/{side}/tokens"] = 1 - bank[f"bank/{side}/tokens"]
    changes |= bank
    return write_by_hand(path, changes, attrs)


def test_what_is_in_a_file(tmp_path: Path) -> None:
    path = with_bank(tmp_path / "f.h5", dataset="mine", normalized=False)
    report = inspect_file(path)
    assert report.sound
    assert report.notes == ()
    assert report.bytes == path.stat().st_size
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.attrs == {"dataset": "mine", "normalized": False}
    assert list(report.sides) == ["video", "text", "bank_video", "bank_text"]
    video, text = report.sides["video"], report.sides["text"]
    assert (video.items, video.tokens, video.dim, video.dtype) == (3, 6, 4, "float32")
    assert video.lengths == {"min": 1, "median": 2, "max": 3}
    assert video.global_norms == {"min": 2, "mean": 2, "max": 2}
    assert video.levels == {"frame": 3, "patch": 3}
    assert text.global_norms is None
    assert text.columns == ("captions", "video")
    norms = np.linalg.norm(arrays()["text/tokens"].astype(np.float64), axis=1)
    assert text.token_norms == pytest.approx(
        {"min": norms.min(), "mean": norms.mean(), "max": norms.max()}
    )
    assert report.texts_per_video == {"min": 1, "median": 2, "max": 3}
    assert report.videos_without_text == 1


UNSOUND = [
    (nan_at("video/tokens", 2, 1), "Item 'v1' of /video in .*: a token holds NaN"),
    ({"text/tokens": np.zeros((4, 4))}, "Item 't0' of /text in .*: a token is all zeros"),
    ({"video/global": np.full((3, 4), np.inf)}, "Item 'v0' .*: its global vector holds NaN or inf"),
    ({"text/tokens": np.ones((4, 5))}, "/text/tokens is 5 wide and /video/tokens 4"),
    ({"video/offsets": [0, 3, 2, 6]}, "/video/offsets decreases at item 'v1'"),
    ({"video/offsets": [0, 2, 2, 6]}, "/video/offsets gives item 'v1' no tokens"),
    ({"video/offsets": [0, 2, 3, 9]}, "item 'v2' is cut"),
    ({"video/offsets": np.array([0, 2, 3, 2**63], dtype=np.uint64)}, "decreases at item 'v2'"),
    ({"video/level": [0, 1]}, "/video/level has 2 entries, expected 6"),
    ({"video/offsets": [0, 2, -(2**63) + 1, 6]}, "/video/offsets decreases at item 'v1'"),
    ({"text/video": np.full(4, 2**63, dtype=np.uint64)}, "video row 9223372036854775807, but"),
    ({"video/offsets": [0, 2, 6]}, "/video/offsets has 3 entries"),
    ({"video/ids": ["v0", "v0", "v1"]}, "/video/ids holds 'v0' 2 times"),
    ({"video/ids": np.array([b"\xff", b"b", b"c"])}, "not UTF-8"),
    ({"video/ids": ["v0", "", "v1"]}, "/video/ids holds an empty id in row 1"),
    ({"video/level": [0, 1, 0, 0, 2, 1]}, "/video/level holds 2 in row 4, expected 0"),
    ({"video/level": [0, 1, 1, 0, 1, 1]}, "Item 'v1' of /video .* no token at level 0: methods"),
    ({"text/video": [0, 1, 2, 3]}, "text 't3' the video row 3"),
    ({"text/video": None}, "/text/video cannot be found"),
    ({"text/words": [b"\xff"] * 4}, "not UTF-8"),
    ({"bank/text/ids": [1]}, "/bank/text/tokens, /bank/text/offsets cannot be found"),
]


@pytest.mark.parametrize(("changes", "words"), UNSOUND)
def test_an_unsound_file_exits_with_1(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = write_by_hand(tmp_path / "f.h5", changes)
    done = run(path)
    assert done.exit_code == 1
    assert "UNSOUND" in done.stdout
    problems = list(inspect_file(path).problems)
    assert [p for p in problems if re.search(words, p)]
    found = json.loads(run("--json", path).stdout)
    assert found["sound"] is False
    assert found["problems"] == problems
    path.unlink()


def test_all_that_is_wrong_is_listed(tmp_path: Path) -> None:
    changes = {"video/ids": ["v0", "v0", "v1"], "text/video": [0, 1, 2, 3]}
    report = inspect_file(write_by_hand(tmp_path / "f.h5", changes | nan_at("text/tokens", 1, 1)))
    assert len(report.problems) == 3


def test_many_bad_items_are_counted(tmp_path: Path) -> None:
    changes = {
        "text/ids": np.arange(30),
        "text/tokens": np.zeros((30, 4)),
        "text/offsets": np.arange(31),
        "text/video": np.zeros(30, dtype=int),
    }
    report = inspect_file(write_by_hand(tmp_path / "f.h5", changes))
    assert len(report.problems) == 6
    assert report.problems[-1].startswith("And 25 more like these in /text")


def test_numbers_that_are_not_finite_are_left_out_of_the_norms(tmp_path: Path) -> None:
    report = inspect_file(write_by_hand(tmp_path / "f.h5", nan_at("video/tokens", 0, 0)))
    norms = np.linalg.norm(arrays()["video/tokens"][1:].astype(np.float64), axis=1)
    assert report.sides["video"].token_norms == pytest.approx(
        {"min": norms.min(), "mean": norms.mean(), "max": norms.max()}
    )
    changes = {"video/tokens": np.full((6, 4), np.nan)}
    assert (
        inspect_file(write_by_hand(tmp_path / "g.h5", changes)).sides["video"].token_norms is None
    )


def test_unfinished_and_torn_files_are_sound_but_noted(tmp_path: Path) -> None:
    changes = {"video/tokens": np.ones((9, 4))}
    path = write_by_hand(tmp_path / "f.h5", changes, {"complete": False})
    report = inspect_file(path)
    assert report.sound
    assert "unfinished" in report.notes[0]
    assert "interrupted write" in report.notes[1]
    assert report.sides["video"].tokens == 6
    done = run(path)
    assert done.exit_code == 0
    assert "Notes" in done.stdout


def test_a_width_that_is_not_the_one_said(tmp_path: Path) -> None:
    (problem,) = inspect_file(write_by_hand(tmp_path / "f.h5", attrs={"dim": 5})).problems
    assert problem == "The attribute dim is 5, but /video/tokens is 4 wide: correct it."


def test_attributes_that_cannot_be_read(tmp_path: Path) -> None:
    path = write_by_hand(tmp_path / "f.h5", attrs={"scale": -1.0, "encoder": b"\xff"})
    report = inspect_file(path)
    assert report.problems == ("The file has scale = -1.0, expected a positive number.",)
    assert report.attrs["encoder"].encode()
    assert "\ufffd" in run(path).stdout


@pytest.mark.parametrize("chunks", [None, (2, 4)])
@pytest.mark.parametrize("name", ["ids", "offsets", "tokens", "global", "level"])
def test_rows_that_were_never_written_are_not_read(
    tmp_path: Path, name: str, chunks: tuple[int, int] | None
) -> None:
    """A file of a few kB can declare more of them than memory holds."""
    rows = 236 * 10**9
    path = write_by_hand(tmp_path / "f.h5", {f"video/{name}": None})
    with h5py.File(path, "r+") as file:
        wide = (4,) if name in ("tokens", "global") else ()
        kind = np.float32 if wide else np.uint8 if name == "level" else np.int64
        parts = None if chunks is None else chunks[: 1 + len(wide)]
        file.create_dataset(f"video/{name}", (rows, *wide), kind, chunks=parts)
        if chunks is not None and name != "ids":
            file[f"video/{name}"][:2] = 1
        if name != "offsets":
            file["video/offsets"][3] = rows
    found = " ".join(inspect_file(path).problems)
    assert f"/video/{name} declares {rows} rows, of which some were never" in found or (
        name == "ids" and "/video/offsets has 4 entries" in found
    )
    refused = CliRunner().invoke(app, ["eval", str(path), "-q"])
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("chunks", [None, (2,)])
def test_a_column_of_zeros_may_have_no_place(tmp_path: Path, chunks: tuple[int] | None) -> None:
    path = write_by_hand(tmp_path / "f.h5", {"video/level": None})
    with h5py.File(path, "r+") as file:
        n = len(file["video/tokens"])
        file.create_dataset("video/level", (n,), np.uint8, chunks=chunks)  # frames, all of them
    assert inspect_file(path).problems == ()


def test_long_items_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = nan_at("video/tokens", 4, 1) | {"video/global": np.ones((3, 4))}
    path = write_by_hand(tmp_path / "f.h5", changes)
    expected = inspect_file(path)
    monkeypatch.setattr("vrbench.features.inspect_side.BLOCK_BYTES", 1)
    assert inspect_file(path).problems == expected.problems
    norms = [report.sides["video"].token_norms for report in (inspect_file(path), expected)]
    assert norms[0] == pytest.approx(norms[1])


def test_a_normalized_attribute_that_says_nothing(tmp_path: Path) -> None:
    report = inspect_file(write_by_hand(tmp_path / "f.h5", attrs={"normalized": "maybe"}))
    assert len(report.problems) == 1


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "foreign", "cut", "newer"])
def test_what_is_no_feature_file_exits_with_2(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "f.h5"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("hello")
    elif kind == "foreign":
        with h5py.File(path, "w") as file:
            file["video"] = [1, 2]
    elif kind == "cut":
        path.write_bytes(write_by_hand(tmp_path / "whole.h5").read_bytes()[:-9])
    elif kind == "newer":
        write_by_hand(path, attrs={"version": 7})
    done = run(path)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"vrbench: {path}")
    assert done.stderr.count("\n") == 1


def test_what_is_printed(tmp_path: Path) -> None:
    said = {"dataset": "mine", "encoder": "", "normalized": True, "complete": True}
    shown = run(with_bank(tmp_path / "f.h5", **said)).stdout
    flags = "- normalized: true,", "- complete: true\n"
    for words in ("f.h5: sound", "dataset: mine", "encoder: (not said)", "bank video", *flags):
        assert words in shown
    assert "1 / 2 / 3" in shown
    assert "Problems" not in shown
    assert max(map(len, shown.splitlines()[2:])) <= 80


def test_json(tmp_path: Path) -> None:
    path = with_bank(tmp_path / "f.h5", dataset="mine", odd=np.array([1, 2]))
    found = json.loads(run(path, "--json").stdout)
    assert found["file"] == str(path)
    assert found["sound"] is True
    assert found["attrs"] == {"dataset": "mine", "odd": [1, 2]}
    assert found["sides"]["bank_text"]["lengths"] == {"min": 1, "median": 1.0, "max": 1}
