"""Tensors of all kinds as numpy arrays: in files of torch and safetensors, and in Python."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli_runs import refused, run
from safetensors.torch import save_file

import vrbench
from vrbench import InputError
from vrbench.runtime.inputs import to_numpy

N = 6
X = torch.rand(N, N, generator=torch.Generator().manual_seed(0)) + 0.1
FLOAT8 = [torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz]
KINDS = {
    **{str(kind): X.to(kind) for kind in (*FLOAT8, torch.bfloat16)},
    "negative": (X * 1j).conj().imag,
    "gradient": X.clone().requires_grad_(),
}


def expected(tensor: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array(tensor.tolist(), dtype=np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_the_numbers_that_torch_says(kind: str) -> None:
    found = to_numpy(KINDS[kind])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected(KINDS[kind]))


def test_conjugated_numbers_are_resolved() -> None:
    x = torch.complex(X, X + 1)
    np.testing.assert_array_equal(to_numpy(x.conj()), x.numpy().conj())


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_each_kind_are_read(tmp_path: Path, kind: str) -> None:
    tensor = KINDS[kind]
    names = [f"v{i}" for i in range(N)]
    torch.save({"video": X, "text": tensor, "video_ids": names}, tmp_path / "s.pt")
    torch.save(tensor, tmp_path / "m.pt")
    torch.save({"t2v": tensor}, tmp_path / "t.pt")
    done = run("import", tmp_path / "s.pt", "--out", tmp_path / "o.h5", "--raw")
    assert done.code == 0, done.err
    with vrbench.open(tmp_path / "o.h5") as features:
        np.testing.assert_allclose(features.text.tokens, expected(tensor))
    (own,) = vrbench.evaluate(expected(tensor))
    for name in ("m.pt", "t.pt"):
        assert vrbench.evaluate(tmp_path / name)[0].metrics == own.metrics
    assert vrbench.evaluate(tensor)[0].metrics == own.metrics


@pytest.mark.parametrize("kind", FLOAT8)
def test_float8_in_safetensors_is_read_by_name_and_by_id(tmp_path: Path, kind: torch.dtype) -> None:
    tensor = X.to(kind)
    save_file({"video": X, "text": tensor}, tmp_path / "a.safetensors")
    save_file({f"v{i}": row[None] for i, row in enumerate(tensor)}, tmp_path / "b.safetensors")
    sides = ("--video", tmp_path / "b.safetensors", "--text", tmp_path / "b.safetensors")
    for words in ((tmp_path / "a.safetensors",), sides):
        done = run("import", *words, "--out", tmp_path / "o.h5", "--raw", "--overwrite")
        assert done.code == 0, done.err
        with vrbench.open(tmp_path / "o.h5") as features:
            np.testing.assert_allclose(features.text.tokens, expected(tensor))


def nested() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the layout is a prototype
        return torch.nested.nested_tensor([torch.ones(2, N), torch.ones(4, N)])


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        (nested(), "nested"),
        (X.to_sparse(), "sparse or quantized tensor"),
        (torch.zeros(N, N, dtype=torch.bits8), r"\(torch\.bits8\) has no numpy array"),
    ],
)
def test_what_numpy_cannot_hold_is_refused(tmp_path: Path, tensor: torch.Tensor, says: str) -> None:
    for name, value in {
        "a": tensor,
        "b": {"t2v": tensor},
        "c": {"video": X, "text": tensor},
    }.items():
        torch.save(value, tmp_path / f"{name}.pt")
    out = "--out", tmp_path / "o.h5"
    for name in "ab":
        refused("eval", "--from-sim", tmp_path / f"{name}.pt", says=says)
    refused("import", tmp_path / "c.pt", *out, says=says)


@pytest.mark.parametrize(
    "tensor",
    [nested(), X.to_sparse(), torch.zeros(N, N, dtype=torch.bits8), X.to("meta")],
    ids=["nested", "sparse", "bits8", "meta"],
)
def test_what_numpy_cannot_hold_is_refused_in_python(tensor: torch.Tensor) -> None:
    says = "A tensor (is nested: give an array for each item|.* has no numpy array .* plain tensor)"
    with pytest.raises(InputError, match=says):
        vrbench.evaluate(tensor)
    with pytest.raises(InputError, match=says):
        vrbench.score([X, tensor], [X, X], "global")
