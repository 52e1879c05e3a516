"""The architecture of a CLIP: from a config file beside its weights, else from their shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading
from vrbench.runtime.json_text import read_json

if TYPE_CHECKING:
    from torch import Tensor

TRANSFORMERS, OPEN_CLIP = "config.json", "open_clip_config.json"

_HEADS = {1280: 16, 1408: 16, 1664: 16}
"""Image towers of open_clip (H, g, bigG) whose heads are not 64 wide: width -> heads."""

_TOWERS = ("text_config", "vision_config", "text_config_dict", "vision_config_dict")
_KNOWN = frozenset(
    {"hidden_act", "hidden_size", "image_size", "intermediate_size", "layer_norm_eps"}
    | {"max_position_embeddings", "num_attention_heads", "num_channels", "num_hidden_layers"}
    | {"bos_token_id", "eos_token_id", "pad_token_id", "patch_size", "projection_dim", "vocab_size"}
)
"""Keys that are taken from a ``config.json``: those that affect the computation of a CLIP. Some
others make transformers fetch and run code (``attn_implementation``)."""


def read_config(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one if there is no such file.

    Raises:
        InputError: it is not JSON, or no object.
    """
    if not path.exists():
        return {}
    found = read_json(path)
    if not isinstance(found, dict):
        raise InputError(f"{path} is not a JSON object: mend it or take it away.")
    return found


def config_of(state: Mapping[str, Tensor], folder: Path) -> tuple[dict[str, Any], list[Path]]:
    """Return a ``CLIPConfig`` as a dict, and the files that were read for it.

    ``config.json`` is taken where there is one. Otherwise sizes come from shapes, and what shapes
    do not say, heads and activation, from ``open_clip_config.json``. Without any of them heads are
    64 wide, as in OpenAI's code, and the activation is left out.

    Args:
        state: weights under transformers' names.
        folder: where the config files may lie.

    Raises:
        InputError: a config cannot be read, or the weights are not those of a CLIP.
    """
    config = read_config(folder / TRANSFORMERS)
    if config.get("model_type") == "clip":
        towers = {name: _known(config[name]) for name in _TOWERS if name in config}
        return {**_known(config), **towers}, [folder / TRANSFORMERS]
    try:
        config = _from_shapes(state)
    except (KeyError, IndexError) as error:
        raise InputError(f"The weights in {folder} lack an entry of CLIP: {error}.") from error
    known = read_config(folder / OPEN_CLIP).get("model_cfg")
    if not known:
        return config, []
    with reading(folder / OPEN_CLIP, "mend it or take it away", "is no config of open_clip"):
        _add_towers(config, known)
    return config, [folder / OPEN_CLIP]


def _add_towers(config: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Add heads and activation from the ``model_cfg`` of open_clip."""
    text, vision = config["text_config"], config["vision_config"]
    text["num_attention_heads"] = known["text_cfg"].get("heads", 8)
    vision["num_attention_heads"] = vision["hidden_size"] // known["vision_cfg"].get(
        "head_width", 64
    )
    for tower in (text, vision):
        tower["hidden_act"] = "quick_gelu" if known.get("quick_gelu") else "gelu"


def _known(config: Any) -> Any:
    """Return the known keys of a config; another value unchanged, which transformers refuses."""
    if not isinstance(config, dict):
        return config
    return {name: value for name, value in config.items() if name in _KNOWN}


def _from_shapes(state: Mapping[str, Tensor]) -> dict[str, Any]:
    patches = state["vision_model.embeddings.patch_embedding.weight"]
    places = len(state["vision_model.embeddings.position_embedding.weight"]) - 1
    words = state["text_model.embeddings.token_embedding.weight"]
    projection = len(state["visual_projection.weight"])
    vision = {
        "image_size": math.isqrt(places) * patches.shape[-1],
        "patch_size": patches.shape[-1],
    }
    text = {
        "vocab_size": len(words),
        "max_position_embeddings": len(state["text_model.embeddings.position_embedding.weight"]),
        "eos_token_id": len(words) - 1,
        "bos_token_id": len(words) - 2,
    }
    return {
        "model_type": "clip",
        "projection_dim": projection,
        "vision_config": vision | _tower(state, "vision_model", len(patches)),
        "text_config": text | _tower(state, "text_model", words.shape[1]),
    }


def _tower(state: Mapping[str, Tensor], tower: str, width: int) -> dict[str, Any]:
    layers = {n.split(".")[3] for n in state if n.startswith(f"{tower}.encoder.layers.")}
    return {
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": _HEADS.get(width, max(1, width // 64)),
        "intermediate_size": len(state[f"{tower}.encoder.layers.0.mlp.fc1.weight"]),
        "projection_dim": len(state["visual_projection.weight"]),
    }
