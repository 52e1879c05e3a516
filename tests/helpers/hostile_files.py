"""Files that try to run code, start programs or have other files read."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

WRITTEN = b"imp"
"""What a hostile archive writes to the file of its choice."""


class Writer(nn.Module):
    """A module that writes a file as torch.jit.load restores it."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.weight: Tensor = nn.Parameter(torch.ones(3))
        self.target = target

    def forward(self, x: Tensor) -> Tensor:
        return x

    @torch.jit.export
    def __getstate__(self) -> tuple[Tensor, str]:
        return (self.weight, self.target)

    @torch.jit.export
    def __setstate__(self, state: tuple[Tensor, str]) -> None:
        self.target = state[1]
        self.training = False
        content = torch.tensor([105, 109, 112], dtype=torch.uint8)
        self.weight = torch.from_file(self.target, True, 3, dtype=torch.uint8).copy_(content)


def script(module: nn.Module, path: Path) -> Path:
    """Save a module as TorchScript."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled: Any = torch.jit.script
        compiled(module.eval()).save(str(path))
    return path


def script_that_writes(path: Path, target: Path) -> Path:
    return script(Writer(str(target)), path)


class Starter:
    """An object whose pickle makes a file when it is loaded."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self._target),)


def pickle_that_writes(path: Path, target: Path) -> Path:
    torch.save({"weight": torch.ones(3), "more": Starter(target)}, path)
    return path


def words_that_write(path: Path, target: Path) -> Path:
    np.save(path, np.array(["a", Starter(target)], dtype=object), allow_pickle=True)
    return path


def eps(path: Path) -> Path:
    """Write a page of PostScript, which Pillow hands to Ghostscript."""
    path.write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 4\n%%EndComments\nshowpage\n%%EOF\n"
    )
    return path


def playlists(folder: Path, other: Path) -> list[str]:
    """Write files named like videos that name ``other`` instead of holding any; their ids."""
    near = os.path.relpath(other, folder)
    (folder / "concat.mp4").write_text(f"ffconcat version 1.0\nfile {near}\n")
    (folder / "concat_whole.mkv").write_text(f"ffconcat version 1.0\nfile {other}\n")
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n"
    (folder / "hls.ts").write_text(f"{head}{near}\n#EXT-X-ENDLIST\n")
    (folder / "dash.webm").write_text(
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>'
        f"{near}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )
    (folder / "sdp.avi").write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )
    (folder / "index.mp4").write_text("# VobSub index file, v7\n")
    (folder / "index.sub").write_bytes(other.read_bytes())
    Image.new("RGB", (6, 4)).save(folder / "frame.png")
    (folder / "frame.png").rename(folder / "v%03d.mp4")
    return ["concat", "concat_whole", "hls", "dash", "sdp", "index", "v%03d"]


def model_with_numbers_in(path: Path, location: str, place: str = "initializer") -> Path:
    """Write an ONNX model whose constant of 8 numbers is in another file."""
    onnx: Any = pytest.importorskip("onnx")
    make, floats = onnx.helper, onnx.TensorProto.FLOAT
    tensor = onnx.TensorProto(name="c", data_type=floats, dims=[8], data_location=1)
    tensor.external_data.add(key="location", value=location)
    value = make.make_tensor_value_info
    nodes, tensors = [make.make_node("Add", ["x", "c"], ["y"])], [tensor]
    if place == "attribute":
        nodes, tensors = [make.make_node("Constant", [], ["c"], value=tensor), *nodes], []
    elif place == "branch":
        inner = [make.make_node("Identity", ["c"], ["o"])]
        branch = make.make_graph(inner, "b", [], [value("o", floats, [8])], [tensor])
        nodes = [
            make.make_node("If", ["yes"], ["r"], then_branch=branch, else_branch=branch),
            make.make_node("Add", ["x", "r"], ["y"]),
        ]
        tensors = [onnx.numpy_helper.from_array(np.array(True), "yes")]
    graph = make.make_graph(
        nodes, "g", [value("x", floats, [8])], [value("y", floats, [8])], tensors
    )
    opset = make.make_opsetid("", 18)
    model = make.make_model(graph, opset_imports=[opset], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
