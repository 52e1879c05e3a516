"""Head files: what is written is read, the same head has the same bytes, bad files are named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from heads import features, head_of, items, linear, mlp

import vrbench
from vrbench.errors import InputError
from vrbench.heads.applied import apply_head
from vrbench.heads.head import Head, digest
from vrbench.results.about import head_about

RNG = np.random.default_rng(0)
PLAIN = linear(RNG, 6, text=5, video=7)
ARRAYS = {**PLAIN, **mlp(RNG, 6, 4, "text"), **mlp(RNG, 6, 4, "video")}


def test_a_head_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    head = head_of(ARRAYS, method="wti", loss="infonce", train_ids=[digest("a")])
    path = tmp_path / "h.safetensors"
    head.save(path)
    read = vrbench.heads.load(path)
    assert read.spec.spec == head.spec.spec == "linear+wti"
    assert read.weights.keys() == ARRAYS.keys()
    for name, value in ARRAYS.items():
        np.testing.assert_array_equal(read.weights[name], value)
    assert {**read.about, "schema": 1, "head": "linear+wti"} == read.about
    assert read.about.items() >= head.about.items()
    assert read.sha256 == head.sha256
    said = head_about(read)
    assert said is not None
    assert said["file"] == "h.safetensors"
    read.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_the_promised_names(tmp_path: Path) -> None:
    head_of(linear(RNG, 6, text=5, video=7)).save(tmp_path / "h.safetensors")
    arrays = safetensors.numpy.load_file(tmp_path / "h.safetensors")
    assert sorted(arrays) == [
        "linear.text.bias", "linear.text.weight", "linear.video.bias", "linear.video.weight"
    ]  # fmt: skip
    assert arrays["linear.video.weight"].shape == (6, 7)


def written(path: Path, about: Any, arrays: dict[str, Any] | None = None) -> Path:
    data = linear(RNG, 6, text=5, video=7) if arrays is None else arrays
    said = about if isinstance(about, str) else json.dumps(about)
    path.write_bytes(safetensors.numpy.save(data, {"vrbench": said}))
    return path


GOOD = {**head_of(linear(RNG, 6, text=5, video=7)).about, "schema": 1, "head": "linear"}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


BAD: dict[str, tuple[Any, dict[str, Any] | None, str]] = {
    "no JSON": ("{", None, "is not JSON"),
    "a list": ([], None, "is no object"),
    "another schema": ({**GOOD, "schema": 2}, None, "no entry vrbench of schema 1"),
    "no head": (without("head"), None, "the entry head of its header is missing"),
    "an unknown head": ({**GOOD, "head": "linaer"}, None, "unknown head 'linaer'"),
    "an unknown method": ({**GOOD, "method": "tokenfolw"}, None, "unknown method 'tokenfolw'"),
    "no ids": (without("train_ids"), None, "the entry train_ids of its header is missing"),
    "ids that are none": ({**GOOD, "train_ids": ["video7"]}, None, "train_ids holds 'video7' and"),
    "a missing array": (GOOD, {"linear.video.weight": np.ones((6, 7))}, "needs the array"),
    "an array of nobody": (GOOD, {**PLAIN, "x": np.ones(3)}, "'x'"),
    "two widths": (
        GOOD,
        {**PLAIN, "linear.text.bias": np.ones(4)},
        r"has the shape \(4,\), expected \(6\)",
    ),
    "NaN": (GOOD, {**PLAIN, "linear.text.bias": np.full(6, np.nan)},
            "expected finite floats"),
    "whole numbers": (GOOD, {**PLAIN, "linear.text.bias": np.ones(6, int)},
                      "expected finite floats"),
    "half a bank": (GOOD, {**PLAIN, "bank.text.tokens": np.ones((1, 6))},
                    "is no head"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    about, arrays, said = BAD[case]
    path = written(tmp_path / "h.safetensors", about, arrays)
    with pytest.raises(InputError, match=said) as raised:
        vrbench.heads.load(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"\xff" * 100, (10**9).to_bytes(8, "little") + b"{}", b"\0" * 64]
)
def test_files_of_something_else_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "h.safetensors"
    path.write_bytes(data)
    with pytest.raises(InputError, match="is no head"):
        vrbench.heads.load(path)


def test_every_cut_off_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.safetensors"
    head_of(ARRAYS).save(path)
    whole = path.read_bytes()
    for end in np.linspace(0, len(whole) - 1, 40).astype(int):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match="is no head"):
            vrbench.heads.load(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        vrbench.heads.load(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="is a folder"):
        vrbench.heads.load(tmp_path)


def test_a_video_that_the_head_was_trained_on_is_refused() -> None:
    rng = np.random.default_rng(0)
    text, video = items(rng, (2, 3), 5), items(rng, (2, 4), 7)
    made = features(text, video, [0, 1], seed=3)
    apply_head(made, head_of(linear(rng, 6, text=5, video=7), train_ids=[digest("video9-0")]))
    head = head_of(linear(rng, 6, text=5, video=7), train_ids=[digest("video3-1")])
    with pytest.raises(InputError, match=r"trained on 1 of the 2 test videos.*'video3-1'"):
        apply_head(made, head)
    assert head.trained_on(["video3-0", "video3-1"]) == ["video3-1"]


@pytest.mark.parametrize(
    "about",
    [{"encoder": "clip"}, {"encoder": None}, {"weights": {"w": "0"}}, {"projection": ["0"]}],
)
def test_another_encoders_features_are_refused(about: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    made = features(items(rng, (2, 3), 5), items(rng, (2, 4), 7), [0, 1])
    with pytest.raises(InputError, match="was trained on features"):
        apply_head(made, head_of(linear(rng, 6, text=5, video=7), **about))


def test_features_scored_in_another_way_are_refused() -> None:
    rng = np.random.default_rng(0)
    made = features(items(rng, (2, 3), 5), items(rng, (2, 4), 7), [0, 1])
    head = head_of(linear(rng, 6, text=5, video=7), normalized=False)
    with pytest.raises(InputError, match=r"features whose dot products are scored, and .* cosines"):
        apply_head(made, head)
    apply_head(made, head_of(linear(rng, 6, text=5, video=7), normalized=True))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"leranable.weight": np.ones((2, 2))}, "belong to no head"),
        ({"learnable.weight": np.ones(2)}, r"has the shape \(2,\)"),
        ({"learnable.weights": np.ones((2, 2))}, "array 'learnable.weight"),
        ({"learnable.weight": np.array([["a"]])}, "expected finite floats"),
    ],
)
def test_wrong_arrays_are_refused(arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Head.of_arrays(arrays)
