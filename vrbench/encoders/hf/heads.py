"""Maps from a tower's hidden rows into the joint space, as the models' classes have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Head = Callable[[Any, "Tensor"], "Tensor"]
"""(model, hidden rows (..., h)) -> rows of the joint space (..., d)."""

EPSILON = 1e-6
"""Added to squared lengths by VideoPrism."""


def projected(model: Any, hidden: Tensor) -> Tensor:
    """``text_projection(h)``."""
    mapped: Tensor = model.text_projection(hidden)
    return mapped


def by_head(model: Any, hidden: Tensor) -> Tensor:
    """``text_model.head(h)``."""
    mapped: Tensor = model.text_model.head(hidden)
    return mapped


def unit(model: Any, hidden: Tensor) -> Tensor:
    """``h / sqrt(h . h + 1e-6)``, where the config asks for it."""
    if not model.config.text_config.apply_l2norm:
        return hidden
    return hidden * (hidden.square().sum(dim=-1, keepdim=True) + EPSILON).rsqrt()


def normed(model: Any, hidden: Tensor) -> Tensor:
    """``norm(h)``, the final norm of the language model."""
    mapped: Tensor = model.language_model.norm(hidden)
    return mapped


def as_is(model: Any, hidden: Tensor) -> Tensor:
    """``h``."""
    return hidden


def after_norm(model: Any, hidden: Tensor) -> Tensor:
    """``visual_projection(post_layernorm(h))``."""
    mapped: Tensor = model.visual_projection(model.vision_model.post_layernorm(hidden))
    return mapped


def visual(model: Any, hidden: Tensor) -> Tensor:
    """``visual_projection(h)``."""
    mapped: Tensor = model.visual_projection(hidden)
    return mapped


def image_projected(model: Any, hidden: Tensor) -> Tensor:
    """``image_projection(h)``."""
    mapped: Tensor = model.image_projection(hidden)
    return mapped


def cells(model: Any, hidden: Tensor) -> Tensor:
    """``h``, a map (..., d, rows, columns) of features, a row a cell."""
    return hidden.flatten(-2).transpose(-1, -2)


HEADS: Mapping[str, Head] = {
    "text_projection(h)": projected,
    "text_model.head(h)": by_head,
    "l2(h)": unit,
    "norm(h)": normed,
    "h": as_is,
    "visual_projection(post_layernorm(h))": after_norm,
    "visual_projection(h)": visual,
    "image_projection(h)": image_projected,
    "cells of h": cells,
}
"""Formula -> head; h is a row of the tower's last hidden state."""
