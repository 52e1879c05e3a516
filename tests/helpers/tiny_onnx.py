"""Tiny image and text models in the ONNX format, as the encoder ``onnx`` takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

SIDE = 4
VOCABULARY = {"[CLS]": 0, "[SEP]": 1, "[UNK]": 2, "a": 3, "cat": 4, "sits": 5}
MEANS = {"": "", "masked": "seen", "unmasked": "rows", "mixed": "all"}
"""Kind of text model -> what each token has added to it: nothing, the mean of the caption's own
pieces, of the padding as well, of the whole batch."""


def write_models(folder: Path, kind: str = "", *, corner: bool = False) -> Path:
    """Write an image model whose tokens are its pixels, a text model and its tokenizer.

    With ``corner`` the pixel of the upper left corner stands once more before them, as [CLS].
    """
    onnx: Any = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    make, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    ints, floats = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT

    def save(name: str, nodes: list[Any], inputs: list[Any], out: str, **constants: Any) -> None:
        arrays = [onnx.numpy_helper.from_array(np.array(c), n) for n, c in constants.items()]
        graph = onnx.helper.make_graph(nodes, name, inputs, [value(out, floats, None)], arrays)
        opset = onnx.helper.make_opsetid("", 18)
        onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9), folder / name)

    pixels = value("pixels", floats, ["batch", 3, SIDE, SIDE])
    flatten = [
        make("Reshape", ["pixels", "shape"], ["rows"]),
        make("Transpose", ["rows"], ["pixel" if corner else "tokens"], perm=[0, 2, 1]),
    ]
    if corner:
        flatten += [
            make("Gather", ["pixel", "first"], ["cls"], axis=1),
            make("Concat", ["cls", "pixel"], ["tokens"], axis=1),
        ]
    places = {"first": [0]} if corner else {}
    save("vision.onnx", flatten, [pixels], "tokens", shape=[0, 3, SIDE * SIDE], **places)

    inputs = [value("input_ids", ints, ["batch", "words"])]
    out = "last_hidden_state"
    look_up = [make("Gather", ["table", "input_ids"], ["rows" if kind else out])]
    if kind:
        inputs.append(value("attention_mask", ints, ["batch", "words"]))
        look_up += [
            make("Cast", ["attention_mask"], ["mask"], to=floats),
            make("Unsqueeze", ["mask", "last"], ["column"]),
            make("Mul", ["rows", "column"], ["kept"]),
            make("ReduceSum", ["kept", "words"], ["total"]),
            make("ReduceSum", ["column", "words"], ["count"]),
            make("Div", ["total", "count"], ["seen_mean"]),
            make("ReduceMean", ["rows", "words"], ["rows_mean"]),
            make("ReduceMean", ["seen_mean", "items"], ["all_mean"]),
            make("Add", ["rows", f"{MEANS[kind]}_mean"], [out]),
        ]
    table = np.arange(len(VOCABULARY) * 2, dtype=np.float32).reshape(-1, 2)
    axes = {"last": [2], "words": [1], "items": [0]} if kind else {}
    save("text.onnx", look_up, inputs, out, table=table, **axes)
    _write_tokenizer(folder / "tokenizer.json")
    return folder


def _write_tokenizer(path: Path) -> None:
    """Write a tokenizer that looks words up, and pads unless it is told not to."""
    tokenizers: Any = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    tokenizer.enable_padding(length=20)
    tokenizer.save(str(path))
