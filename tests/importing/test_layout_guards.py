"""Files of strangers run nothing, refer to nothing, and declare no more than they hold."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import torch
from hostile_files import pickle_that_writes, script_that_writes
from refused_files import X, hdf5, refusal, saved
from safetensors.numpy import save_file

from vrbench.importing import Given


def test_files_of_torch_run_nothing(tmp_path: Path) -> None:
    target = tmp_path / "made"
    refusal(pickle_that_writes(tmp_path / "a.pt", target), "holds Python objects besides tensors")
    refusal(script_that_writes(tmp_path / "b.pt", target), r"b\.pt")
    refusal(saved(tmp_path / "c.pt", {"video": X}), r"besides tensors \(numpy\._core\.multiarray")
    (tmp_path / "d.pkl").write_bytes(pickle.dumps({"video": X}))
    refusal(tmp_path / "d.pkl", r"d\.pkl is a pickle, which may run any code")
    assert not target.exists()


def test_tensors_that_are_not_plain(tmp_path: Path) -> None:
    for value, says in (
        ({"video": torch.ones(1).expand(10**6, 512)}, "repeat the same numbers"),
        ({"video": torch.ones(3, 4).to_sparse()}, "sparse or quantized"),
        ([torch.ones(2, 4)], "holds a list, expected a tensor or a dict"),
        ("text", "holds a str"),
        ({"video": [1, 2], "text": torch.ones(2, 4)}, "'video' is no tensor: save tensors"),
    ):
        refusal(saved(tmp_path / "a.pt", value), says)
    whole = saved(tmp_path / "a.pt", {"video": torch.ones(99, 9)}).read_bytes()
    (tmp_path / "a.pt").write_bytes(whole[:-300])
    refusal(tmp_path / "a.pt", r"a\.pt is a damaged npz")


def test_hdf5_of_other_programs_is_guarded(tmp_path: Path) -> None:
    other = hdf5(tmp_path / "other.h5", lambda f: f.create_dataset("x", data=X))

    def matlab(file: Any) -> None:
        file.create_dataset("video", data=X).attrs["MATLAB_class"] = b"single"

    def virtual(file: Any) -> None:
        layout = h5py.VirtualLayout((3, 4), "f4")
        layout[:] = h5py.VirtualSource(other, "x", (3, 4))
        file.create_virtual_dataset("g/v", layout)

    def outside(file: Any) -> None:
        (tmp_path / "raw").write_bytes(X.tobytes())
        file.create_dataset("v0", (3, 4), "f4", external=[(str(tmp_path / "raw"), 0, 48)])

    def ours(file: Any) -> None:
        file.update({f"video/{name}": X for name in ("tokens", "offsets", "ids")})

    for write, says in (
        (lambda f: f.update({"v0": h5py.ExternalLink(str(other), "x")}), "is a link to another"),
        (lambda f: f.create_group("g").update({"v": h5py.SoftLink("/x")}), "is a link to another"),
        (virtual, "is a virtual dataset"),
        (outside, "lies in other files"),
        (matlab, "written by MATLAB, which turns arrays"),
        (lambda f: f.attrs.update({"a": 1}), "without datasets"),
        (
            lambda f: f.update({f"video/{n}": X for n in ("tokens", "offsets", "ids")}),
            "feature file",
        ),
    ):
        path = hdf5(tmp_path / "a.h5", write)
        refusal(Given(video=path, text=path), says)
    path.write_bytes(path.read_bytes()[:-100])
    refusal(Given(video=path, text=path), r"a\.h5 is truncated")


def test_safetensors_that_are_damaged(tmp_path: Path) -> None:
    save_file({"video": X, "text": X}, tmp_path / "a.safetensors")
    data = (tmp_path / "a.safetensors").read_bytes()
    for changed, says in (
        (data[:-8], "is no safetensors file"),
        (data.replace(b'"text"', b'"text '), "is not JSON"),
        (
            data.replace(b'"text" ', b'"video"').replace(b'"text"', b'"video"'),
            "twice|no safetensors",
        ),
    ):
        (tmp_path / "a.safetensors").write_bytes(changed)
        refusal(tmp_path / "a.safetensors", says)
