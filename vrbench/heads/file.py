"""Head files: safetensors, of which one header key holds what the head says of itself, as JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import parse_method
from vrbench.errors import InputError
from vrbench.heads import parse_head
from vrbench.heads.bank import check_bank, is_bank
from vrbench.heads.head import DIGEST, Head
from vrbench.runtime.files import replacing
from vrbench.runtime.inputs import reading
from vrbench.runtime.json_text import parse_json
from vrbench.runtime.opened import OpenedFile

SCHEMA = 1
KEY = "vrbench"
"""Of the header of safetensors."""
MOST_HEADER = 100_000_000
"""Bytes, as the package itself allows."""

_PROBLEM, _REMEDY = "is no head", "give a file that vrbench train HEAD wrote"
_KINDS: dict[str, tuple[type, ...]] = {
    "head": (str,),
    "method": (str, type(None)),
    "loss": (str, type(None)),
    "features": (dict, type(None)),
    "encoder": (str, type(None)),
    "split": (str, type(None)),
    "train_ids": (list,),
    "validation": (list,),
}
"""What the JSON holds, as far as it is read again."""
_COUNTS = ("seed", "epochs", "best")


def to_bytes(head: Head) -> bytes:
    """Return a head as its file has it; the same head has the same bytes."""
    import safetensors.numpy

    about = {"schema": SCHEMA, "head": head.spec.spec, **head.about}
    arrays = {
        name: np.asarray(value, order="C") for name, value in {**head.weights, **head.bank}.items()
    }
    metadata = {KEY: json.dumps(about, sort_keys=True)}
    found: bytes = safetensors.numpy.save(arrays, metadata)
    return found


def save(head: Head, path: Path) -> None:
    """Write a head, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    data = to_bytes(head)
    with replacing(path) as part:
        part.write_bytes(data)


def load(path: str | Path) -> Head:
    """Read a head file; nothing in it is run.

    Raises:
        InputError: it is missing or is no head.
    """
    path = Path(path)
    about, arrays, digest = read_safetensors(path, KEY, _PROBLEM, _REMEDY)
    with reading(path, _REMEDY, _PROBLEM):
        if about is None or about.get("schema") != SCHEMA:
            raise ValueError(f"its header has no entry {KEY} of schema {SCHEMA}")
        _check(about)
        weights = {name: value for name, value in arrays.items() if not is_bank(name)}
        bank = {name: value for name, value in arrays.items() if is_bank(name)}
        check_bank(bank)
    try:
        if about.get("method") is not None:
            parse_method(about["method"])
        return Head(parse_head(about["head"]), weights, about, bank, path, digest)
    except InputError as error:
        raise InputError(f"{path} {_PROBLEM} that can be used: {_begun(str(error))}") from error


def read_safetensors(
    path: Path, key: str, problem: str, remedy: str
) -> tuple[dict[str, Any] | None, dict[str, NDArray[Any]], str]:
    """Return the JSON under a header key, if it is there, the arrays of a file, and its SHA-256.

    Raises:
        InputError: the file is missing or is not safetensors.
    """
    import safetensors.numpy

    if path.is_dir():
        raise InputError(f"{path} is a folder: {remedy}.")
    with reading(path, remedy, problem), OpenedFile(path) as opened:
        start = opened.read(8) or b""
        size = int.from_bytes(start, "little")
        if len(start) < 8 or not 0 < size <= min(opened.size - 8, MOST_HEADER):
            raise ValueError("it is not safetensors")
        header = parse_json(opened.read(size) or b"", str(path), remedy, problem)
        metadata = header.get("__metadata__", {}) if isinstance(header, dict) else None
        if not isinstance(metadata, dict):
            raise ValueError("its header has no metadata")
        said = metadata.get(key)
        about = None if said is None else parse_json(said, f"'{key}' in {path}", remedy)
        if about is not None and not isinstance(about, dict):
            raise ValueError(f"the entry {key} of its header is no object")
        opened.seek(0)
        return about, safetensors.numpy.load(opened.read()), opened.sha256


def _check(about: Mapping[str, Any]) -> None:
    for name, kinds in _KINDS.items():
        if name not in about or not isinstance(about[name], kinds):
            raise ValueError(f"the entry {name} of its header is missing or of another type")
    scale = about.get("scale")
    if scale is not None and not (type(scale) in (int, float) and 0 < scale < math.inf):
        raise ValueError("the entry scale of its header is no number above 0")
    for name in _COUNTS:
        if type(about.get(name, 0)) is not int or about.get(name, 0) < 0:
            raise ValueError(f"the entry {name} of its header is no whole number from 0")
    for key in ("file", "sha256"):
        if not isinstance((about["features"] or {}).get(key), str | None):
            raise ValueError(f"the entry features.{key} of its header is no text")
    for one in about["train_ids"]:
        if not isinstance(one, str) or not re.fullmatch(f"[0-9a-f]{{{2 * DIGEST}}}", one):
            raise ValueError(f"train_ids holds {str(one)[:40]!r} and not digests")


def _begun(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
