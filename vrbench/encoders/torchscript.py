"""The weights in a TorchScript archive, read without running the TorchScript in it.

An archive is a zip: ``data.pkl`` is a pickle of the modules, ``data/<n>`` are the bytes of the
tensors in it, and ``code/`` says as text which attributes of a class are parameters and buffers.
``torch.jit.load`` compiles that code and runs parts of it, which may write any file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.encoders.pickled import Made, UnknownOpcodeError, read_pickle
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

MOST_CODE, MOST_ATTRIBUTES, LONGEST_NAME = 16 << 20, 200_000, 1_000
"""Bytes of code, attributes of modules, and letters of a name that are read at most: some twenty
times those of a ViT-L."""

_TENSOR = "torch._utils._rebuild_tensor_v2"
_DTYPES = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
}
"""torch's names of storages -> of dtypes."""

_CLASS = re.compile(r"class (\w+)(\(Module\))?:")
_LISTED = re.compile(r"  __(?:parameters|buffers)__ = \[(.*)\]")
_OWN_STATE = re.compile(r"  def __setstate__\(")


@dataclass(frozen=True)
class _Module:
    """The declarations in the code of a module's class.

    Attributes:
        tensors: names of its parameters, then of its buffers.
        own_state: whether the class restores its state by code.
    """

    tensors: tuple[str, ...]
    own_state: bool


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Return ``torch.jit.load(path).state_dict()``: the same names, order and tensors.

    Raises:
        InputError: the modules cannot be read without running code, or hold tensors of a kind that
            is not read here; the sentence says how to convert the file.
        ValueError: the archive is damaged; other exceptions likewise.
    """
    with zipfile.ZipFile(path) as archive:
        try:
            return dict(_Archive(archive).tensors())
        except (_UnreadError, UnknownOpcodeError) as error:
            raise InputError(
                f"{path} is a TorchScript archive with {error}, and no code in a weights file is "
                "run here: where you trust it, convert it to a state dict with "
                'python -c "import torch; '
                "torch.save(torch.jit.load('F.pt', 'cpu').state_dict(), 'state.pt')\"."
            ) from error


def check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Check, before reading, that the unpacked tensors and code fit in the file's size.

    Raises:
        InputError: tensors or code are packed, as neither of them does, to be far larger.
    """
    code = data = 0
    for member in archive.infolist():
        if member.filename.partition("/")[2].startswith("code/"):
            code += member.file_size
        else:
            data += member.file_size
    if data > path.stat().st_size or code > MOST_CODE:
        raise InputError(
            f"{path} would be {code + data:,} bytes unpacked, and weights are not packed: save or "
            "fetch it again."
        )


class _UnreadError(Exception):
    """An entry is no plain tensor of a plain module."""


class _Archive:
    """An open archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        names = archive.namelist()
        self._root = next(name for name in names if name.endswith("/data.pkl"))[: -len("data.pkl")]
        if f"{self._root}byteorder" in names and self._member("byteorder") != b"little":
            raise _UnreadError("numbers of the other byte order")
        self._storage = cache(self._read_storage)
        self._classes = cache(self._read_classes)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the tensors of each module, then those of the modules in it."""
        waiting = [("", read_pickle(self._member("data.pkl")))]
        seen = 0
        while waiting:
            prefix, stored = waiting.pop()
            module = self._module(stored)
            if module is None or module.own_state or not isinstance(stored.state, dict):
                raise _UnreadError(f"'{_class_of(stored)}', which code of its own restores")
            # modules may share modules, which makes more of them than the file has bytes
            seen += len(module.tensors) + len(stored.state)
            if seen > MOST_ATTRIBUTES:
                raise _UnreadError(f"more than {MOST_ATTRIBUTES:,} attributes")
            for name in module.tensors:
                value = stored.state.get(name)
                if isinstance(value, Made):
                    yield _joined(prefix, name), self._tensor(value)
            inner = [(k, v) for k, v in stored.state.items() if self._module(v) is not None]
            waiting += [(_joined(prefix, f"{name}."), value) for name, value in reversed(inner)]

    def _module(self, stored: Any) -> _Module | None:
        """Return what the class of a stored object declares; None if it is no module."""
        file, _, name = _class_of(stored).rpartition(".")
        # classes of torch itself have no code in the archive
        if file.partition(".")[0] != "__torch__" or file.startswith("__torch__.torch.classes."):
            return None
        return self._classes(file).get(name)

    def _read_classes(self, module: str) -> Mapping[str, _Module]:
        lines = self._member(f"code/{module.replace('.', '/')}.py").decode().split("\n")
        found: dict[str, list[str]] = {}
        body: list[str] = []
        for line in lines:
            if match := _CLASS.match(line):
                body = found.setdefault(match[1], []) if match[2] else []
            else:
                body.append(line)
        return {name: _declared(body) for name, body in found.items()}

    def _tensor(self, stored: Made) -> Tensor:
        import torch

        if stored.by != _TENSOR or len(stored.arguments) != 6:
            raise _UnreadError(f"a tensor that is no plain one ('{stored.by}')")
        storage, offset, size, stride, *_ = stored.arguments
        kind, named, key, _, length = storage.arguments
        dtype = _DTYPES.get(named.name.removeprefix("torch.").removesuffix("Storage"))
        if kind != "storage" or dtype is None:
            raise _UnreadError(f"numbers of an unknown kind ('{named.name}')")
        empty = torch.empty(0, dtype=getattr(torch, dtype))
        content = self._storage(key)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        within = min(offset, *size, *stride, 0) == 0 and (0 in size or last < length)
        if not within or len(content) != length * empty.element_size():
            raise ValueError(f"a tensor beyond the bytes of data/{key}")
        # torch would enlarge the storage for a tensor that reaches beyond it
        return empty.set_(content.untyped_storage(), offset, size, stride)

    def _read_storage(self, key: str) -> Tensor:
        """Return the bytes of a tensor, aligned as torch aligns its own."""
        import torch

        data = np.frombuffer(self._member(f"data/{key}"), dtype=np.uint8)
        content = torch.empty(len(data), dtype=torch.uint8)
        content.numpy()[:] = data
        return content

    def _member(self, name: str) -> bytes:
        return self._archive.read(self._root + name)


def _class_of(stored: Any) -> str:
    """Return the class of a stored object, ``__torch__.module.Name``."""
    return stored.by if isinstance(stored, Made) else type(stored).__name__


def _joined(prefix: str, name: str) -> str:
    if len(prefix) + len(name) > LONGEST_NAME:
        raise _UnreadError(f"names of more than {LONGEST_NAME:,} letters")
    return prefix + name


def _declared(body: list[str]) -> _Module:
    listed = [match[1] for match in map(_LISTED.match, body) if match]
    names = [name for names in listed for name in re.findall(r'"([^"]*)"', names)]
    return _Module(tuple(names), any(map(_OWN_STATE.match, body)))
