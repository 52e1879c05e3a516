"""The folder of an encoder of sentence-transformers, looked through before the library reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vrbench.encoders.checkpoint import SUFFIXES, read_tensors, weights_files
from vrbench.encoders.hf.folder import CONFIG, cleaned, read_object
from vrbench.encoders.hf.loading import check_sizes, described
from vrbench.errors import InputError
from vrbench.runtime.json_text import read_json

MODULES = "modules.json"
ABOUT = "config_sentence_transformers.json"
MULTI = "MultiVectorEncoder"

KINDS = ("Transformer", "CLIPModel", "Pooling", "Dense", "Normalize", "MultiVectorMask")
"""Modules that are taken: they hold numbers only."""
_KIND = re.compile(rf"sentence_transformers\.[\w.]*\b({'|'.join(KINDS)})")
_ARGUMENTS = re.compile(r"(model|tokenizer|config|processor)_(args|kwargs)")
_HARMLESS = frozenset(
    {"attn_implementation", "torch_dtype", "dtype", "add_pooling_layer", "padding_side"}
    | {"max_length", "model_max_length", "min_pixels", "max_pixels", "do_lower_case"}
)
"""Arguments that a folder may give to the library's loaders."""


@dataclass(frozen=True)
class StFolder:
    """The folder of an encoder.

    Attributes:
        path: the folder.
        multi: whether it is a multi-vector encoder.
        weights: its files of weights.
        files: every file that is read.
    """

    path: Path
    multi: bool
    weights: tuple[Path, ...]
    files: tuple[Path, ...]


def look_through(path: Path) -> StFolder:
    """Check that a folder holds an encoder whose modules are the library's own.

    Raises:
        InputError: something is missing, cannot be read, or would need code of the folder.
    """
    if not path.is_dir() or not any((path / name).is_file() for name in (MODULES, CONFIG)):
        raise InputError(
            f"{path} is no folder with {MODULES}: the encoder st needs one as save_pretrained of "
            "sentence-transformers writes it; nothing is downloaded."
        )
    folders = [path, *_modules(path)]
    files = [file for folder in folders for file in sorted(folder.iterdir()) if file.is_file()]
    for file in files:
        if file.suffix == ".json":
            _check(read_json(file), file)
    weights = [file for folder in folders for file in _weights(folder)]
    if not weights:
        raise InputError(f"{path} holds no weights (model.safetensors).")
    for folder in folders:
        _check_model(folder)
    kind = read_object(path / ABOUT).get("model_type") if (path / ABOUT).is_file() else None
    config = read_object(path / CONFIG) if (path / CONFIG).is_file() else {}
    retrieval = any(str(name).endswith("ForRetrieval") for name in config.get("architectures", ()))
    read = (*(f for f in files if f.suffix in (".json", ".txt", ".model", ".jinja")), *weights)
    return StFolder(path, kind == MULTI or (kind is None and retrieval), tuple(weights), read)


def _modules(path: Path) -> Iterator[Path]:
    """Yield the folders of the modules that have one of their own.

    Raises:
        InputError: a module is not one of ``KINDS``, or lies elsewhere.
    """
    if not (path / MODULES).is_file():
        return
    modules = read_json(path / MODULES)
    if not isinstance(modules, list) or not all(isinstance(one, dict) for one in modules):
        raise InputError(f"{path / MODULES} is not a list of modules: fetch it again.")
    for module in modules:
        kind, inside = str(module.get("type")), module.get("path", "")
        if not _KIND.fullmatch(kind):
            raise InputError(
                f"{path / MODULES} needs the module {kind}; taken are {', '.join(KINDS)} of "
                "sentence-transformers: code in a model's folder is not run."
            )
        if not isinstance(inside, str) or Path(inside).name != inside:
            raise InputError(f"{path / MODULES} looks for a module in '{inside}', outside of it.")
        if inside and (path / inside).is_dir():
            yield path / inside


def _weights(folder: Path) -> Sequence[Path]:
    found = weights_files(folder)
    safe = [file for file in found if ".safetensors" in file.name]
    if found and not safe:
        raise InputError(
            f"{folder} holds its weights as {found[0].name}: st takes safetensors only (of "
            f"{', '.join(SUFFIXES)}), so save the encoder with a newer sentence-transformers."
        )
    return safe


def _check_model(folder: Path) -> None:
    """Check a transformer's sizes against its weights."""
    weights = _weights(folder)
    if (folder / CONFIG).is_file() and weights:
        values = cleaned(read_object(folder / CONFIG), folder / CONFIG)
        if "model_type" in values:
            state = read_tensors(weights[0])
            check_sizes(described(values, len(state), folder / CONFIG), state, weights[0])


def _check(value: Any, file: Path) -> None:
    """Check that a JSON file asks for nothing but numbers and names of the library's own.

    Raises:
        InputError: it does.
    """
    for key, one in value.items() if isinstance(value, Mapping) else ():
        kernels = re.fullmatch(r"_?(attn|experts)_implementation", key) and "/" in str(one)
        strange = _ARGUMENTS.fullmatch(key) and isinstance(one, dict) and set(one) - _HARMLESS
        if kernels or strange or (key.endswith("_file") and "/" in str(one)):
            raise InputError(
                f"{file} gives '{key}' = {str(one)[:80]}, which would fetch or run something: take "
                "it away."
            )
        _check(one, file)
    for one in value if isinstance(value, list) else ():
        _check(one, file)
