"""Reading the tensors of a weights file of any common tool; no code in it is run."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.encoders.torchscript import check_members, read_torchscript
from vrbench.errors import InputError
from vrbench.runtime.extras import needed
from vrbench.runtime.files import listed
from vrbench.runtime.inputs import reading
from vrbench.runtime.json_text import parse_json, read_json
from vrbench.runtime.torch_file import is_plain

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

SUFFIXES = (".bin", ".pt", ".pth", ".safetensors")
"""Names of weights files; training tools also write ``pytorch_model.bin.4``."""

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_INDEX = ".index.json"

SHARED = 16
"""How many times larger all tensors may be than their file; tensors may share bytes."""


def weights_files(folder: Path) -> list[Path]:
    """Return the weights in a folder, sorted; shards count as one, by their ``.index.json``."""
    names = [path.name for path in listed(folder) if path.is_file()]
    indices = [name for name in names if name.endswith(_INDEX)]
    shards = {part.name for name in indices for part in parts(folder / name)}
    found = [name for name in names if name.endswith(SUFFIXES) or ".bin." in name]
    return [folder / name for name in sorted({*indices, *found} - shards)]


def parts(path: Path) -> list[Path]:
    """Return the files that hold the weights: the shards of an ``.index.json``, else ``path``.

    Raises:
        InputError: the index cannot be read.
    """
    if not path.name.endswith(_INDEX):
        return [path]
    index = read_json(path)
    with reading(path, "expected a weight_map", "is not an index of weights"):
        names = set(index["weight_map"].values())
        return [path.parent / Path(name).name for name in sorted(names)]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weights file by name, in the order of the file, on the CPU.

    Reads safetensors, torch.save and TorchScript archives, and an index of shards. The state dict
    of a training checkpoint is taken from ``state_dict``, ``model_state_dict`` or ``model``.

    Raises:
        InputError: the file is missing, is none of these, or holds Python objects or no tensor.
    """
    import torch

    tensors: dict[str, Tensor] = {}
    for part in parts(path):
        if not part.is_file():
            raise InputError(f"{part} does not exist: expected a file of weights.")
        loaded = _load(part)
        for name in _WRAPPERS:
            if isinstance(loaded, Mapping) and isinstance(loaded.get(name), Mapping):
                loaded = loaded[name]
                break
        if isinstance(loaded, Mapping):
            tensors |= {str(k): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
    if not tensors:
        raise InputError(f"{path} holds no tensor: give a state dict.")
    _check(tensors, path)
    return tensors


def _check(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Check that tensors are numbers in memory, and not far more of them than the file holds.

    Raises:
        InputError: one is sparse, nested, quantized or on no device, or they repeat the same bytes.
    """
    for name, value in tensors.items():
        if not is_plain(value):
            raise InputError(f"{path} holds '{name}', which is no plain tensor: save it as one.")
    size, most = sum(v.nbytes for v in tensors.values()), sum(p.stat().st_size for p in parts(path))
    if size > SHARED * most:
        raise InputError(
            f"{path} has {most:,} bytes and tensors of {size:,}, which repeat the same numbers: "
            "save each of them as it is (tensor.contiguous())."
        )


def fill(module: Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Put the weights of a file into a module, in float32, and make it ready for inference.

    The module may have been made on torch's meta device, so that its first weights cost nothing.

    Raises:
        InputError: a weight is missing, has another shape, or is not the module's.
    """
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    wrong = [name for name in expected | shapes if expected.get(name) != shapes.get(name)]
    if wrong:
        found, right = (sizes.get(wrong[0], "no such entry") for sizes in (shapes, expected))
        raise InputError(
            f"{path} does not fit this encoder in {len(wrong)} of {len(expected)} entries, the "
            f"first is '{wrong[0]}': its shape is {found}, expected {right}."
        )
    # contiguous: BLAS may round otherwise for a transposed matrix
    whole = {k: (v.float() if v.is_floating_point() else v).contiguous() for k, v in state.items()}
    module.load_state_dict(whole, assign=True)
    module.eval().requires_grad_(False)


def _load(path: Path) -> Any:
    """Return the content of a file: usually a dict of tensors.

    Raises:
        InputError: it is no file of weights, or holds Python objects.
    """
    import torch

    remedy = (
        "give a safetensors file, a TorchScript archive, or what torch.save writes of a state dict "
        "alone, without other Python objects"
    )
    with reading(path, remedy, "cannot be read as weights"):
        if path.suffix == ".safetensors":
            _check_names(path)
            return needed("safetensors.torch", "clip").load_file(path)
        if _is_torchscript(path):
            return read_torchscript(path)
        return torch.load(path, map_location="cpu", weights_only=True)


def _check_names(path: Path) -> None:
    """Check that no tensor stands twice in the JSON at the head of a safetensors file.

    Raises:
        InputError: one does; the package takes the last.
    """
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > path.stat().st_size:
            raise ValueError(f"its header has {length} bytes")
        parse_json(stream.read(length), str(path))


def _is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive; the unpacked size of any zip is checked."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        check_members(archive, path)
        return any(name.endswith("/constants.pkl") for name in archive.namelist())
