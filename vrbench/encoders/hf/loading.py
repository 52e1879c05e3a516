"""A model of transformers from a folder: its own classes only, nothing fetched, no code run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.encoders.checkpoint import read_tensors
from vrbench.encoders.hf.folder import CONFIG, Folder
from vrbench.errors import InputError
from vrbench.runtime.extras import needed
from vrbench.runtime.inputs import reading

if TYPE_CHECKING:
    from torch import Tensor

EXTRA = "hf"
ATTENTION = "eager"
"""Attention as the formula has it: with other kinds masks may be left out, and rounding differs."""
MOST_BUFFERS = 1 << 27
"""Numbers that a model may hold besides its weights, such as places."""
_LAYERS = re.compile(r"layers|depth|blocks")
MORE = 1.05
"""How many times more numbers a config may ask for than the file holds, where tied ones repeat."""


@contextmanager
def offline() -> Iterator[None]:
    """Run the body without network: what is not in the folder does not exist; and quietly."""
    constants = needed("huggingface_hub.constants", EXTRA)
    logging = needed("transformers.utils.logging", EXTRA)
    before, said = constants.HF_HUB_OFFLINE, logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    constants.HF_HUB_OFFLINE = True
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
        logging.set_verbosity(said)
        if bars:
            logging.enable_progress_bar()


def read_model(folder: Folder) -> tuple[Any, list[str]]:
    """Return the model in float32, for inference, and notes on weights that it does not take.

    Raises:
        InputError: transformers knows no such model, or the weights do not fit it.
    """
    import torch

    state = read_tensors(folder.weights)
    made = described(folder.config, len(state), folder.path / CONFIG)
    check_sizes(made, state, folder.weights)
    with reading(folder.weights, "give the weights that belong to it", f"does not fit {CONFIG}"):
        kinds = {"dtype": torch.float32, "attn_implementation": ATTENTION}
        told = {"output_loading_info": True, "ignore_mismatched_sizes": True}  # named below
        model, found = type(made).from_pretrained(
            None, config=made.config, state_dict=state, **told, **kinds
        )
    _check_found(found, folder)
    model.eval().requires_grad_(False)
    return model, _notes(found, folder)


def described(values: Mapping[str, Any], entries: int, where: Path) -> Any:
    """Return the model that a config describes, without weights.

    Args:
        values: the config.
        entries: how many tensors there are.
        where: its file, for messages.

    Raises:
        InputError: transformers knows no such model, or none of these sizes.
    """
    import torch

    transformers = needed("transformers", EXTRA)
    kind = str(values.get("model_type"))
    if kind not in transformers.CONFIG_MAPPING:
        raise InputError(
            f"{where.parent} is a model of the kind '{kind[:80]}', which transformers "
            f"{transformers.__version__} does not know; code in a model's folder is not run: "
            "give a kind that it knows, or install a newer transformers."
        )
    with reading(where, "give the model as it was saved", "is no config of a model"):
        _check_layers(values, entries)
        config = transformers.CONFIG_MAPPING[kind].from_dict(dict(values))
        made = _class_of(config)
        config._attn_implementation = ATTENTION
        with torch.device("meta"):
            return made(config)


def _class_of(config: Any) -> Any:
    """Return the class of the library that belongs to a config.

    Raises:
        ValueError: there is none.
    """
    transformers = needed("transformers", EXTRA)
    kind = transformers.MODEL_MAPPING.get(type(config), None)
    for name in config.architectures or ():
        if kind is None and str(name).isidentifier():
            kind = getattr(transformers, name, None)
    if isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel):
        return kind
    raise ValueError(f"no class for the kind '{config.model_type}'")


def _check_layers(config: Any, entries: int) -> None:
    """Check, before modules are made, that a tower has no more layers than the file has entries.

    Raises:
        ValueError: it has.
    """
    pairs = config.items() if isinstance(config, dict) else enumerate(config)
    for key, value in pairs:
        if isinstance(value, dict | list):
            _check_layers(value, entries)
        elif _LAYERS.search(str(key)) and isinstance(value, int) and value > entries:
            raise ValueError(f"{key} is {value:,}, for {entries:,} entries of weights")


def check_sizes(made: Any, state: Mapping[str, Tensor], weights: Path) -> None:
    """Check that the config asks for no more numbers than the file holds.

    Raises:
        InputError: it does, so that weights are missing.
    """
    wanted = sum(weight.numel() for weight in made.parameters())
    held = sum(tensor.numel() for tensor in state.values())
    places = sum(buffer.numel() for buffer in made.buffers())
    if wanted > MORE * held or places > MOST_BUFFERS:
        raise InputError(
            f"{weights} holds {held:,} numbers, and {CONFIG} describes a model of "
            f"{wanted:,}: give the weights that belong to it."
        )


def _check_found(found: Mapping[str, Any], folder: Folder) -> None:
    for kind in ("missing_keys", "mismatched_keys", "error_msgs"):
        keys = (key[0] if isinstance(key, tuple) else str(key) for key in found.get(kind) or ())
        if names := sorted(keys):
            what = {"missing_keys": "lacks", "mismatched_keys": "has in another shape"}
            raise InputError(
                f"{folder.weights} {what.get(kind, 'cannot fill')} '{names[0]}'"
                f"{f' and {len(names) - 1} more' if names[1:] else ''} of the model that {CONFIG} "
                "describes: give the weights that belong to it."
            )


def _notes(found: Mapping[str, Any], folder: Folder) -> list[str]:
    names = sorted(found.get("unexpected_keys") or ())
    if not names:
        return []
    return [
        f"{folder.weights.name} holds {len(names)} entries that the model does not have, the first "
        f"is '{names[0]}'; they are not used."
    ]
