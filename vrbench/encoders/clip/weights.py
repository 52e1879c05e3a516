"""CLIP's weights from a folder, a file or the hub, as a transformers ``CLIPModel``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.encoders.checkpoint import fill, parts, read_tensors
from vrbench.encoders.clip.config import config_of
from vrbench.encoders.clip.files import weights_file
from vrbench.encoders.clip.names import converted, prefix_of, written_by_openai
from vrbench.errors import InputError
from vrbench.runtime.extras import needed

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class ClipWeights:
    """A CLIP in memory.

    Attributes:
        model: a ``CLIPModel`` in float32, for inference.
        folder: where tokenizer and preprocessing are looked for.
        files: the files that were read.
        activation: ``quick_gelu`` or ``gelu``.
        notes: remarks on entries of the file that are not CLIP's.
    """

    model: Any
    folder: Path
    files: Sequence[Path]
    activation: str
    notes: Sequence[str]


def read_clip_weights(weights: Path, activation: str) -> ClipWeights:
    """Read a CLIP with a vision transformer.

    Args:
        weights: a folder of transformers (``config.json``, ``model.safetensors`` or
            ``pytorch_model.bin``); a file, or a folder that holds one: OpenAI's TorchScript
            archive or state dict, an open_clip state dict, a checkpoint of a larger model in which
            CLIP has a prefix (``clip.`` in those of CLIP4Clip); or a name on the Hugging Face hub.
        activation: ``quick_gelu``, ``gelu``, or ``auto``: as the files say.

    Raises:
        InputError: there are no such weights, or nothing says which activation they were trained
            with.
    """
    file = weights_file(weights)
    tensors = read_tensors(file)
    prefix = prefix_of(tensors, str(file))
    inner = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    state, rest = converted(inner, str(file))
    rest += [name for name in tensors if not name.startswith(prefix)]
    sizes, read = config_of(state, file.parent)
    config = _config(sizes, file, len(state))
    towers = (config.text_config, config.vision_config)
    if activation == "auto" and not read:
        activation = _activation(prefix, inner, file)
    if activation != "auto":
        for tower in towers:
            tower.hidden_act = activation
    model = _model(config, state, file)
    known = "/".join(sorted({tower.hidden_act for tower in towers}))
    return ClipWeights(model, file.parent, (*parts(file), *read), known, _notes(file, rest))


def _activation(prefix: str, names: Iterable[str], file: Path) -> str:
    """Return the activation that the names of the weights imply.

    Raises:
        InputError: they imply none.
    """
    # safetensors are in alphabetical order, which says nothing about who wrote them
    ordered = file.suffix != ".safetensors"
    if prefix.endswith("clip.") or (ordered and written_by_openai(names)):
        return "quick_gelu"
    raise InputError(
        f"Nothing says which activation {file} was trained with: write clip:activation=gelu (most "
        "models of open_clip) or clip:activation=quick_gelu (OpenAI's, and names with -quickgelu), "
        "or put its config.json or open_clip_config.json beside it."
    )


def _config(values: Mapping[str, Any], file: Path, entries: int) -> Any:
    """Return the ``CLIPConfig`` with these values.

    Raises:
        InputError: they fit no CLIP, or none with so few entries.
    """
    transformers = needed("transformers", "clip")
    try:
        config = transformers.CLIPConfig.from_dict(dict(values))
        for tower in (config.text_config, config.vision_config):
            if tower.hidden_act not in transformers.activations.ACT2FN:
                raise ValueError(f"there is no activation '{tower.hidden_act}'")
            if tower.num_hidden_layers > entries:
                raise ValueError(f"{tower.num_hidden_layers} layers, {entries} entries of weights")
    # transformers validates a config with errors of its own
    except Exception as error:
        raise _no_clip(file, error) from error
    return config


def _no_clip(file: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split()).rstrip(".")
    return InputError(f"The config of {file} is not that of a CLIP: {reason}.")


def _model(config: Any, state: Mapping[str, Tensor], file: Path) -> Any:
    """Return the model with these weights in it.

    Raises:
        InputError: a weight is missing, has another shape, or is not CLIP's, or there is no model
            of these sizes.
    """
    import torch

    transformers = needed("transformers", "clip")
    try:
        with torch.device("meta"):
            model = transformers.CLIPModel(config)
    # sizes that fit no model fail wherever they are used first
    except Exception as error:
        raise _no_clip(file, error) from error
    fill(model, state, file)
    # the one thing in the model that no file holds
    for tower in (model.text_model, model.vision_model):
        places = len(tower.embeddings.position_embedding.weight)
        tower.embeddings.position_ids = torch.arange(places)[None]
    return model


def _notes(file: Path, rest: Sequence[str]) -> tuple[str, ...]:
    if not rest:
        return ()
    groups = Counter(name.partition(".")[0] for name in rest)
    listing = ", ".join(f"{name} ({count})" for name, count in groups.items())
    return (
        f"{file.name} holds {len(rest)} entries besides CLIP, which are not used: {listing}; the "
        "tokens are those of the CLIP inside.",
    )
