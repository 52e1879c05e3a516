"""Finding a CLIP's files: a file or folder, or a name on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from vrbench.encoders.checkpoint import SUFFIXES, weights_files
from vrbench.errors import InputError
from vrbench.runtime.extras import needed

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
TOKENIZER = ("tokenizer.json", "vocab.json", "merges.txt")
PREPROCESSING = "preprocessor_config.json"
FIRST = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Weights of a folder in order of preference: transformers may write the same in several forms."""


def weights_file(weights: Path) -> Path:
    """Return the one file of weights, from the hub if ``weights`` is only a name there.

    Raises:
        InputError: there is none, or there are several.
    """
    if not weights.exists():
        if not _is_hub_name(weights):
            raise InputError(f"{weights} does not exist: give a file or folder of CLIP's weights.")
        weights = _download(weights.as_posix())
    if weights.is_file():
        return weights
    found = weights_files(weights)
    for name in FIRST:
        if weights / name in found:
            return weights / name
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InputError(
            f"{weights} must hold one file of CLIP's weights (model.safetensors with config.json, "
            f"or a .pt, .pth or .bin), it has {names}: name the file."
        )
    return found[0]


def _is_hub_name(weights: Path) -> bool:
    """Whether a path could be a name on the hub, such as ``openai/clip-vit-base-patch32``."""
    if weights.is_absolute() or weights.suffix in SUFFIXES or ".." in weights.parts:
        return False
    return len(weights.parts) == 2


def _download(name: str) -> Path:
    """Return the folder with the files of ``name``, fetched unless they are in the cache.

    ``HF_HUB_OFFLINE``, ``TRANSFORMERS_OFFLINE``, ``HF_HOME`` and ``HF_ENDPOINT`` are obeyed. In
    offline mode a file that is not in the cache counts as one that the model does not have.

    Raises:
        InputError: the hub cannot be reached, or has no such model.
    """
    config = _fetch(name, "config.json")
    if config is None or all(_fetch(name, file) is None for file in WEIGHTS):
        offline = needed("huggingface_hub", "clip").is_offline_mode()
        what = "offline mode is on and the cache" if offline else "it"
        raise _refusal(name, f"{what} has no config.json with {' or '.join(WEIGHTS)}")
    if _fetch(name, TOKENIZER[0]) is None:
        for file in TOKENIZER[1:]:
            _fetch(name, file)
    _fetch(name, PREPROCESSING)
    return config.parent


def _fetch(name: str, file: str) -> Path | None:
    """Return a file of the hub's, or None if the model has none of this name."""
    hub = needed("huggingface_hub", "clip")
    try:
        return Path(hub.hf_hub_download(name, file))
    except hub.errors.RemoteEntryNotFoundError:
        return None
    # connection, repository, gate, disk, cache: the client has a class of error for each
    except Exception as error:
        offline = bool(hub.is_offline_mode())
        if offline and isinstance(error, hub.errors.LocalEntryNotFoundError):
            return None
        raise _refusal(name, str(error).splitlines()[0].rstrip(".")) from error


def _refusal(name: str, reason: str) -> InputError:
    return InputError(
        f"{name} is no file or folder here, and cannot be had from the Hugging Face hub ({reason}):"
        f" put config.json, {' or '.join(WEIGHTS)}, {PREPROCESSING} and {TOKENIZER[0]} (or "
        f"{' and '.join(TOKENIZER[1:])}) into a folder and give that as --weights."
    )
