"""Files of torch.save: tensors in plain containers; whatever else is in them is refused."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading
from vrbench.runtime.npz import FEW, RATIO, check_members, is_zip

if TYPE_CHECKING:
    from torch import Tensor

OLD = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""First bytes of what torch before 1.6 wrote."""

_REMEDY = "save a dict of tensors with torch.save, without numpy arrays or other Python objects"
_NAMED = re.compile(r"GLOBAL (\S+)")


def is_torch_file(source: Path | io.BytesIO) -> bool:
    """Whether a file, or bytes, look like what torch.save writes."""
    if not isinstance(source, io.BytesIO):
        with source.open("rb") as stream:
            return is_torch_file(io.BytesIO(stream.read(len(OLD)))) or _has_pickle(source)
    return source.getvalue().startswith(OLD) or _has_pickle(source)


def _has_pickle(source: Path | io.BytesIO) -> bool:
    if not is_zip(source):
        return False
    try:
        with zipfile.ZipFile(source) as archive:
            return any(name.endswith("data.pkl") for name in archive.namelist())
    except Exception:  # a damaged zip: whoever reads it says so
        return False


def read_torch(source: Path | io.BytesIO, what: str) -> Any:
    """Return the content of a file of torch.save, its tensors on the CPU.

    Tensors of a file stay on disk until they are used, where it is no older than torch 1.6.

    Args:
        source: the file, or its bytes.
        what: it is, for messages.

    Raises:
        InputError: it is none, holds Python objects besides tensors, strings, numbers and
            containers, or tensors that are not plain, or repeat the same bytes.
    """
    import torch

    size = len(source.getvalue()) if isinstance(source, io.BytesIO) else source.stat().st_size
    packed = is_zip(source)
    with reading(what, _REMEDY, "is no file of tensors"):
        if packed:
            with zipfile.ZipFile(source) as archive:
                check_members(archive.infolist(), what, size)
        mapped = packed and isinstance(source, Path)
        if isinstance(source, io.BytesIO):
            source.seek(0)
        try:
            value = torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
        except pickle.UnpicklingError as error:
            found = _NAMED.search(str(error))
            named = f" ({found[1]})" if found else ""
            raise InputError(
                f"{what} holds Python objects besides tensors{named}: {_REMEDY}."
            ) from error
    _check(list(_tensors(value)), size, what)
    return value


def _tensors(value: Any) -> Iterator[Tensor]:
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(part)


def is_plain(tensor: Tensor) -> bool:
    """Whether a tensor is numbers in memory: not sparse, nested, quantized or on no device."""
    import torch

    strided = tensor.layout is torch.strided and not tensor.is_nested
    return strided and not tensor.is_quantized and tensor.device.type == "cpu"


def _check(tensors: list[Tensor], size: int, what: str) -> None:
    for one in tensors:
        if one.is_nested:
            raise InputError(
                f"{what} holds a nested tensor: save a dict of a tensor for each item, by id, or "
                "pad them to one tensor with a mask."
            )
        if not is_plain(one):
            raise InputError(f"{what} holds a sparse or quantized tensor: save it as a plain one.")
    if sum(one.nbytes for one in tensors) > max(FEW, RATIO * size):
        raise InputError(
            f"{what} has {size:,} bytes and tensors of more than {RATIO} times as many, which "
            "repeat the same numbers: save each of them as it is (tensor.contiguous())."
        )
