"""Inputs that fuzzing found: each ended in a traceback, a hang or gigabytes of memory."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from fuzz.folders import folder_of
from sample_results import sample_result
from small_annotations import refusal, write, zipped
from small_arrays import plain, save
from test_bad_bytes import npy

from vrbench import datasets
from vrbench.datasets import read_csv
from vrbench.encoders.checkpoint import parts
from vrbench.encoders.s3d.words import read_dictionary
from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.extraction.shards import Shard
from vrbench.heads.projection import Affine, Projection
from vrbench.importing.read import read_arrays
from vrbench.runtime.memory import parse_size
from vrbench.tasks.ordering_file import read_pairs
from vrbench.video.sampling import parse_sampling

BEYOND = np.array([0x110000, 0x61, 0x62, 0x63, 0x64], "<u4").view("<U1")
"""Five strings, of which the first is no character of Unicode."""


@pytest.mark.parametrize("name", ["video_ids", "captions", "video_label"])
def test_characters_beyond_unicode_in_arrays(name: str, tmp_path: Path) -> None:
    path = save(tmp_path / "a.npz", plain(), **{name: BEYOND})
    with pytest.raises(InputError, match=rf"U\+110000 in {name}"):
        read_arrays(path)


def test_rank_vectors_with_such_ids_are_left_aside(tmp_path: Path) -> None:
    from vrbench.results.result import load

    values = sample_result(n_text=5, n_video=5, ranks="a.npz")
    (tmp_path / "a.json").write_text(json.dumps(values))
    np.savez(tmp_path / "a.npz", t2v=np.ones(5), text_ids=BEYOND)
    assert not load(tmp_path / "a.json").ranks


def projection(path: Path, **changes: Any) -> Path:
    one = Affine(np.ones((4, 2)), np.zeros(2))
    Projection(one, one, frozenset("ab"), {"encoder": "toy"}).save(path)
    with np.load(path) as npz:
        arrays = {**npz, **changes}
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"version": np.array([1, 1])},
        {"version": np.array("x")},
        {"video_matrix": np.array(["a"])},
        {"video_matrix": np.ones(4)},
        {"video_matrix": np.full((4, 2), np.nan)},
        {"text_offset": np.zeros(3)},
        {"video_ids": np.array([["a"]])},
        {"video_ids": np.array(7)},
        {"video_ids": BEYOND},
        {"about": np.array("[1]")},
        {"about": np.array("[" * 9999)},
        {"about": np.array(3)},
        {"about": BEYOND},
    ],
    ids=range(13),
)
def test_a_projection_of_odd_arrays(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Projection.read(projection(tmp_path / "p.npz", **changes))


def test_json_of_great_depth(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_text("[" * 100_000)
    for read in (read_pairs, parts):
        with pytest.raises(InputError, match="nested too deeply"):
            read(path)


def test_numbers_of_thousands_of_digits(tmp_path: Path) -> None:
    digits = "9" * 5000
    (tmp_path / "a.csv").write_text(f"video_id,caption,label\na,x,{digits}\nb,y,1\n")
    assert sorted(read_csv(tmp_path / "a.csv").label_names.values()) == ["1", digits]
    with pytest.raises(InputError, match="Cannot read the shard"):
        Shard.parse(f"1/{digits}")
    for size in (digits, "\u00b2", "\u0661", "0"):
        with pytest.raises(InputError, match="Cannot read --bank"):
            run_source(f"rolling:{size}")
    for size in (f"{digits}GB", f"0.{digits}", "\u0661GB"):
        with pytest.raises(InputError, match="as a size of memory"):
            parse_size(size)
    for frames in ("fps:1e300", "fps:1e9"):
        with pytest.raises(InputError, match="Cannot read frames"):
            parse_sampling(frames)


def run_source(bank: str) -> None:
    Evaluation.open(np.eye(3), bank=bank)


@pytest.mark.parametrize("value", ["[1]", "{}", "true"])
def test_a_label_is_a_text_or_a_number(value: str, tmp_path: Path) -> None:
    text = f'[{{"video_id": "a", "caption": "x", "label": {value}}}]'
    write(tmp_path, test_json=text)
    if value == "true":
        assert datasets.read("json", tmp_path, "test").label_names
    else:
        assert "expected a text or a whole number" in refusal("json", tmp_path, "test")


def test_a_position_that_no_integer_holds(tmp_path: Path) -> None:
    text = '[{"video_id": "a", "caption": "x", "position": 1e300}]'
    write(tmp_path, test_json=text)
    assert "expected a whole number" in refusal("json", tmp_path, "test")


@pytest.mark.parametrize("shape", ["(18446744073709551616,)", "(2, -3)", "(9999999999999, 3)"])
def test_a_dump_that_declares_more_than_there_is(shape: str, tmp_path: Path) -> None:
    for side in ("video", "text"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.npy").write_bytes(npy(shape, data=bytes(12)))
    with pytest.raises(InputError, match=r"a\.npy is damaged"):
        read_arrays(tmp_path)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04" + bytes(60), npy("((((")[:-3], npy("(1,)", "<U99999999"), b"\x80\x04N."]
)
def test_a_dictionary_that_is_none(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "s3d_dict.npy").write_bytes(data)
    with pytest.raises(InputError, match=r"s3d_dict\.npy"):
        read_dictionary(tmp_path / "s3d_dict.npy")


def test_results_of_other_k_stand_in_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    from vrbench.cli.printing.results import print_results

    one = sample_result()
    metrics = {k: v for k, v in one["metrics"]["t2v"].items() if k != "R@5"} | {"R@50": 60.25}
    other = sample_result(method="max-avg", metrics={"t2v": metrics, "v2t": metrics})
    for results in ([one, other], [other, one]):
        print_results(results)
        assert "60.2" in capsys.readouterr().out


@pytest.mark.parametrize("info", [{"t2v": None}, {"t2v": {"bucket_of": None}}, {"x": 3}])
def test_what_a_result_says_of_sequences_may_be_little(info: Any, tmp_path: Path) -> None:
    value = sample_result(sequence="dtw", sequence_info=info, ranks=None)
    (tmp_path / "a.json").write_text(json.dumps(value))
    assert run("table", "--results", tmp_path).code == 0
    from vrbench.cli.printing.results import print_results

    print_results([value])


def test_a_similarity_file_with_a_matrix_twice(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.eye(3))
    with zipfile.ZipFile(tmp_path / "s.npz", "w") as archive:
        archive.writestr("t2v.npy", stream.getvalue())
        archive.writestr("t2v", stream.getvalue())
    refused("eval", "--from-sim", tmp_path / "s.npz", "-q", says="holds 't2v' twice")


def test_zips_that_this_python_cannot_unpack(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", test_json='{"a": ["x"]}' + " " * 99).read_bytes()
    for method in (99, 9, 14, 12):  # AES, deflate64, LZMA, bzip2
        data = bytearray(whole)
        for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
            at = -1
            while (at := data.find(mark, at + 1)) >= 0:
                data[at + place : at + place + 2] = method.to_bytes(2, "little")
        (tmp_path / "a.zip").write_bytes(data)
        assert "by another method than deflate" in refusal("json", tmp_path, "test")


def test_two_unlike_files_of_one_name_in_a_zip(tmp_path: Path) -> None:
    def pack(second: str) -> None:
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("old/test.json", '{"a": ["x"]}')
            archive.writestr("new/test.json", second)

    pack('{"a": ["y"]}')
    said = refusal("json", tmp_path, "test")
    assert "old/test.json and new/test.json, which differ" in said
    pack('{"a": ["x"]}')
    assert len(datasets.read("json", tmp_path, "test").videos) == 1


def test_windows_of_a_mistyped_duration(tmp_path: Path) -> None:
    video = {"subset": "validation", "duration": 1e12, "annotations": []}
    files = folder_of({"youcookii_annotations_trainval.json": {"database": {"a": video}}})
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    said = refusal("youcook2:unit=windows", tmp_path, "val")
    assert "a.duration: expected seconds, at most 1,000,000" in said


def test_a_column_that_stands_twice(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("video_id,caption,caption\na,x,y\n")
    with pytest.raises(InputError, match="has the column 'caption' twice"):
        read_csv(tmp_path / "a.csv")


def test_an_id_that_stands_twice_among_the_limits(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("a\nb\n a\n")
    words = ("eval", "bundled", "--limit-ids", tmp_path / "ids.txt", "-q")
    refused(*words, says="names 'a' 2 times: keep one")


@pytest.mark.parametrize("name", ["mask", "global"])
@pytest.mark.parametrize("kind", ["f4,i4", "U1", "M8[s]", "c8"])
def test_a_dump_with_other_things_beside_its_tokens(name: str, kind: str, tmp_path: Path) -> None:
    for side in ("video", "text"):
        (tmp_path / side).mkdir()
        arrays = {"tokens": np.ones((2, 2)), name: np.zeros(2, kind)}
        np.savez(tmp_path / side / "a.npz", allow_pickle=False, **arrays)
    with pytest.raises(InputError, match=r"a\.npz has a (mask|global vector) of "):
        read_arrays(tmp_path)


def test_a_parameter_to_try_that_stands_twice() -> None:
    refused("tune", "--norm", "ncl", "--try", "gamma=1", "--try", "gamma=2", says="gamma .* twice")
