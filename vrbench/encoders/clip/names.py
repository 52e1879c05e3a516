"""Mapping OpenAI's names of a CLIP's weights, as in open_clip and CLIP4Clip, to transformers'.

The names and layouts are facts of the released files (openai/CLIP ``model.py``, transformers
``modeling_clip.py``): a resblock keeps query, key and value in one matrix, and the projections are
transposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

_WHOLE = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "logit_scale": "logit_scale",
}
_TRANSPOSED = {
    "visual.proj": "visual_projection.weight",
    "text_projection": "text_projection.weight",
}
_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
_RESBLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)[._](weight|bias)")

_OPENAI, _TRANSFORMERS = "visual.conv1.weight", "vision_model.embeddings.class_embedding"
_TOWERS = re.compile(
    r"(visual|vision_model|text_model|transformer|token_embedding|positional_embedding|ln_final"
    r"|visual_projection|text_projection|logit_scale)(\.|$)"
)
_IGNORED = re.compile(
    r"input_resolution|context_length|vocab_size|attn_mask"
    r"|(text|vision)_model\.embeddings\.position_ids"
)
"""Sizes and buffers that follow from the other entries."""


def prefix_of(names: Iterable[str], where: str) -> str:
    """Return the prefix of CLIP's names, such as ``clip.``, ``module.`` or nothing.

    Raises:
        InputError: there is no CLIP with a vision transformer among the names, or several.
    """
    ends = re.compile(rf"(?:(.*)\.)?(?:{re.escape(_OPENAI)}|{re.escape(_TRANSFORMERS)})")
    found = sorted({f"{m[1]}." if m[1] else "" for m in map(ends.fullmatch, names) if m})
    if len(found) != 1:
        what = f"several CLIPs ({', '.join(map(repr, found))})" if found else "no CLIP"
        raise InputError(
            f"{where} holds {what}: expected the weights of one CLIP with a vision transformer, "
            f"named as by OpenAI ({_OPENAI}) or transformers ({_TRANSFORMERS})."
        )
    return found[0]


def converted(state: Mapping[str, Tensor], where: str) -> tuple[dict[str, Tensor], list[str]]:
    """Return a CLIP's weights under transformers' names, and the names of other entries.

    Args:
        state: the weights, without a prefix.
        where: the file, for messages.

    Raises:
        InputError: a tower has an entry that no CLIP has, so that its tokens would be others.
    """
    new: dict[str, Tensor] = {}
    rest = []
    transformers = _TRANSFORMERS in state
    for name, tensor in state.items():
        if _IGNORED.fullmatch(name):
            continue
        pairs = [(name, tensor)] if transformers else list(_renamed(name, tensor))
        if not _TOWERS.match(name):
            rest.append(name)
        elif not pairs:
            raise InputError(
                f"{where} holds '{name}', which the towers of CLIP do not have: its tokens would "
                "not be those of the model that it was saved from."
            )
        else:
            new.update(pairs)
    return new, rest


def written_by_openai(names: Iterable[str]) -> bool:
    """Whether OpenAI's code wrote these weights, which knows one activation only (quick_gelu).

    Its blocks begin with ``attn``, those of open_clip with ``ln_1``; its archives also hold
    ``input_resolution``.
    """
    for name in names:
        if name == "input_resolution":
            return True
        if "resblocks.0.attn." in name or "resblocks.0.ln_1." in name:
            return ".attn." in name
    return False


def _renamed(name: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Yield the entries that one of OpenAI's becomes; none if it is not CLIP's."""
    if name in _WHOLE:
        yield _WHOLE[name], tensor
    elif name in _TRANSPOSED:
        yield _TRANSPOSED[name], tensor.T
    elif match := _RESBLOCK.fullmatch(name):
        visual, layer, part, kind = match.groups()
        block = f"{'vision' if visual else 'text'}_model.encoder.layers.{layer}"
        if part == "attn.in_proj":
            for which, third in zip("qkv", tensor.chunk(3), strict=True):
                yield f"{block}.self_attn.{which}_proj.{kind}", third
        elif part in _BLOCK:
            yield f"{block}.{_BLOCK[part]}.{kind}", tensor
