"""The files of a model's folder, looked through before a library reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vrbench.encoders.checkpoint import SUFFIXES, weights_files
from vrbench.errors import InputError
from vrbench.runtime.files import listed
from vrbench.runtime.json_text import read_json

CONFIG = "config.json"
PREPROCESSING = (
    "processor_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
)
"""Where the preprocessing of frames may stand: the first that has one is read."""
TOKENIZER = (
    *("tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"),
    *("vocab.json", "vocab.txt", "merges.txt"),
)
"""A tokenizer's tables: at least one is needed."""
TOKENIZER_SETTINGS = (
    *("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    "chat_template.jinja",
)
FIRST = (
    *("model.safetensors", "model.safetensors.index.json"),
    *("pytorch_model.bin", "pytorch_model.bin.index.json"),
)
"""Weights in order of preference, as transformers names them."""

LARGEST = 1 << 28
"""No number in a config is larger: sizes beyond would only take memory."""
_LEFT_OUT = re.compile(
    r"auto_map|_?(attn|experts)_implementation.*|(torch_)?dtype|_name_or_path|transformers_weights"
    r"|fusion_config|use_kernels|kernel_config|transformers_version|base_model_.*_plan"
)
"""Keys of configs that change nothing in the model, but would fetch and run code, or read files."""
_REFUSED = {
    "quantization_config": "its weights are quantized",
    "compression_config": "its weights are compressed",
}
_CLASS = re.compile(r"\w+Tokenizer(Fast)?|TokenizersBackend")


@dataclass(frozen=True)
class Folder:
    """A model's folder.

    Attributes:
        path: the folder.
        weights: its file of weights, or the index of their shards.
        config: ``config.json``, without keys that would fetch or run something.
        preprocessing: how frames are prepared, cleaned alike.
        files: every file that is read, weights apart.
    """

    path: Path
    weights: Path
    config: Mapping[str, Any]
    preprocessing: Mapping[str, Any]
    files: tuple[Path, ...]


def look_through(path: Path) -> Folder:
    """Check that a folder holds a model with tokenizer and preprocessing, and read its configs.

    Raises:
        InputError: something is missing, cannot be read, or would need code of the folder.
    """
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise InputError(
            f"{path} {what}: the encoder hf needs a folder with {CONFIG}, weights, tokenizer and "
            f"{PREPROCESSING[1]}, as save_pretrained writes them; nothing is downloaded."
        )
    there = {file.name: file for file in listed(path) if file.is_file()}
    if CONFIG not in there:
        raise InputError(f"{path} holds no {CONFIG}: give the folder of a model of transformers.")
    if "adapter_config.json" in there:
        raise InputError(f"{path} holds an adapter: merge it into its model, and save that.")
    config = cleaned(read_object(there[CONFIG]), there[CONFIG])
    frames = _preprocessing(path, there)
    words = _tokenizer(path, there)
    return Folder(path, _weights(path), config, frames[1], (there[CONFIG], frames[0], *words))


def _weights(path: Path) -> Path:
    found = weights_files(path)
    for name in FIRST:
        if path / name in found:
            return path / name
    if len(found) == 1:
        return found[0]
    names = ", ".join(file.name for file in found) or f"none (*{', *'.join(SUFFIXES)})"
    raise InputError(f"{path} must hold one file of weights, {FIRST[0]}: it has {names}.")


def _preprocessing(path: Path, there: Mapping[str, Path]) -> tuple[Path, Mapping[str, Any]]:
    for name in PREPROCESSING:
        found = read_object(there[name]) if name in there else {}
        for key in ("image_processor", "video_processor"):
            if isinstance(found.get(key), dict):
                return there[name], cleaned(found[key], there[name])
        if found and name != PREPROCESSING[0]:
            return there[name], cleaned(found, there[name])
    raise InputError(
        f"{path} holds no {PREPROCESSING[1]}, which says how frames are resized and scaled: put "
        "the one that belongs to the weights beside them."
    )


def _tokenizer(path: Path, there: Mapping[str, Path]) -> Iterator[Path]:
    """Yield the files that the tokenizer is read from."""
    if not any(name in there for name in TOKENIZER):
        raise InputError(
            f"{path} holds no tokenizer ({TOKENIZER[0]}, or {', '.join(TOKENIZER[1:5])}): put the "
            "one that belongs to the weights beside them."
        )
    for name in (*TOKENIZER, *TOKENIZER_SETTINGS):
        if name not in there:
            continue
        if name.endswith(".json"):
            found = read_json(there[name])  # no key twice: libraries take the last
            if name == TOKENIZER_SETTINGS[0]:
                _check_settings(found, there[name])
        yield there[name]


def _check_settings(settings: Any, file: Path) -> None:
    """Check that a ``tokenizer_config.json`` names a plain class and no file elsewhere.

    Raises:
        InputError: it does not.
    """
    if not isinstance(settings, dict):
        raise InputError(f"{file} is not a JSON object: mend it or take it away.")
    kind, own = settings.get("tokenizer_class"), settings.get("auto_map")
    if (own and kind is None) or not (kind is None or _CLASS.fullmatch(str(kind))):
        raise InputError(
            f"{file} needs the tokenizer {str(kind or own)[:80]}, which is code of its own, and "
            "code in a model's folder is not run: give a model that transformers knows."
        )
    for key, value in settings.items():
        if key.endswith("_file") and value is not None and Path(str(value)).name != value:
            raise InputError(f"{file} takes '{key}' from {str(value)[:80]}, outside of its folder.")


def read_object(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    found = read_json(file)
    if not isinstance(found, dict):
        raise InputError(f"{file} is not a JSON object: mend it or take it away.")
    return found


def cleaned(value: Any, file: Path) -> Any:
    """Return a config without the keys that would fetch or run something.

    Raises:
        InputError: the weights are of a kind that is not read, or a number has no bounds.
    """
    if isinstance(value, dict):
        for key, reason in _REFUSED.items():
            if value.get(key):
                raise InputError(f"{file} has '{key}': {reason}; give the model as it was trained.")
        return {k: cleaned(v, file) for k, v in value.items() if not _LEFT_OUT.fullmatch(k)}
    if isinstance(value, list):
        return [cleaned(one, file) for one in value]
    if isinstance(value, int | float) and abs(value) > LARGEST:
        raise InputError(f"{file} holds {str(value)[:20]}, a number beyond {LARGEST:,}.")
    return value
