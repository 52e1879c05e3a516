"""Running the files of an ONNX encoder: a model, a tokenizer."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.encoders.onnx_data import external_data
from vrbench.errors import InputError
from vrbench.runtime.device import check_device
from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading
from vrbench.runtime.json_text import read_json

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def onnxruntime() -> Any:
    """Import onnxruntime with its telemetry off, unless ``ORT_DISABLE_TELEMETRY`` says otherwise.

    From 1.29 on it would send what it runs, and give the machine an identifier in ``~/.cache``.

    Raises:
        InputError: it is missing.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it is read at import
    return needed("onnxruntime", "onnx")


def runtime_device(name: str) -> str:
    """Return ``cpu`` or ``cuda``: CUDA for ``auto`` where this onnxruntime has it.

    Raises:
        InputError: the device is ``cuda`` and there is none, or the name is unknown.
    """
    check_device(name)
    cuda = PROVIDERS["cuda"] in onnxruntime().get_available_providers()
    if name == "cuda" and not cuda:
        raise InputError(
            "This onnxruntime has no CUDA: install onnxruntime-gpu, or use --device cpu or auto."
        )
    return "cuda" if cuda and name != "cpu" else "cpu"


class Session:
    """A model of which one output is read.

    Attributes:
        inputs: the names of the model's inputs.
        files: its file, and the files beside it that hold its numbers.

    Raises:
        InputError: the file is no model, takes numbers from outside of its folder, or has no such
            output.
    """

    def __init__(self, path: Path, output: str, device: str) -> None:
        runtime = onnxruntime()
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        # its own format, which it would take by the file's name, it does not check
        options.add_session_config_entry("session.load_model_format", "ONNX")
        # items are encoded in parallel instead: faster, and the same sums on any number of cores
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._path, self._output = path, output
        self.files = [path, *external_data(path)]
        try:
            self._session = runtime.InferenceSession(path, options, providers=[PROVIDERS[device]])
        # onnxruntime raises classes of its own that share no public base.
        except Exception as error:
            raise InputError(f"{path} is not a model that onnxruntime can read.") from error
        outputs = [node.name for node in self._session.get_outputs()]
        if output not in outputs:
            raise InputError(f"{path} has no output '{output}': it has {', '.join(outputs)}.")
        self.inputs = [node.name for node in self._session.get_inputs()]

    def __call__(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the (n, l, d) output for inputs of n items.

        Raises:
            InputError: the model does not take these inputs, or its output has another shape.
        """
        try:
            (items,) = self._session.run([self._output], inputs)
        except Exception as error:
            reason = " ".join(str(error).split("\n Please")[0].split())
            raise InputError(f"{self._path} does not fit this encoder: {reason}") from error
        n = len(next(iter(inputs.values()), ()))
        if items.ndim != 3 or len(items) != n:
            raise InputError(
                f"{self._path} gives '{self._output}' of shape {items.shape}, expected ({n}, l, d)."
            )
        return np.asarray(items)


def read_tokenizer(path: Path, max_words: int) -> Any:
    """Read a tokenizer that cuts a caption after ``max_words`` pieces and never pads it.

    Raises:
        InputError: the file is no tokenizer.
    """
    tokenizers = needed("tokenizers", "onnx")
    remedy, problem = "give what the package tokenizers saved", "is not a tokenizer.json"
    read_json(path, remedy, problem)  # no key twice: the package takes the last
    with reading(path, remedy, problem):
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_words + tokenizer.num_special_tokens_to_add(is_pair=False))
    return tokenizer


def encode(tokenizer: Any, text: str, path: Path, **options: bool) -> Any:
    """Cut a caption into pieces by the tokenizer that was read from ``path``.

    Raises:
        InputError: the tokenizer is inconsistent, which some show only in use.
    """
    with reading(path, "give another tokenizer", f"cannot cut the caption {text!r}"):
        return tokenizer.encode(text, **options)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
