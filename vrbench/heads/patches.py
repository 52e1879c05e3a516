"""UCoFiA's patch selection as functions: scores of patches, and which ones are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments.saliency import Saliency, top
from vrbench.errors import InputError
from vrbench.runtime.inputs import to_numpy


def patch_saliency(
    patches: Any, weights: Mapping[str, Any], variant: Literal["exact", "released"] = "exact"
) -> NDArray[np.float64]:
    """Score the tokens of a video's frames: ``U = tanh(G_b([G_a([p, f]), v]))``.

    Args:
        patches: (frames, l, d) tokens as they are stored; of each frame its own, [CLS], first.
        weights: arrays whose names end in ``in_conv.0.weight``, ``in_conv.0.bias``,
            ``in_conv.1.weight``, ``out_conv.0.weight`` and ``out_conv.2.weight``.
        variant: ``released`` also reads the narrower network of the release's folder ``train``,
            ``U = tanh(G_b([G_a(p), G_a(f)]))``.

    Returns:
        (frames, l) float64, [CLS] included.

    Raises:
        InputError: an array is missing or does not fit, or a number is not finite.

    Source: UCoFiA supplementary, eq. 1; v is the sum of ``G_a([f, f])`` over the frames, as in the
    release.
    """
    import torch

    values = to_numpy(patches).astype(np.float64)
    if values.ndim != 3 or 0 in values.shape or not np.isfinite(values).all():
        raise InputError(
            f"patches has the shape {values.shape}, expected finite numbers (frames, tokens, d)."
        )
    given = {name: torch.as_tensor(to_numpy(w)).double() for name, w in weights.items()}
    network = Saliency.of(given, variant)
    frames, length, width = values.shape
    rows = torch.as_tensor(values).reshape(-1, width)
    frame = np.repeat(np.arange(frames), length)
    whole = np.zeros(frames, dtype=np.int64)
    scores = network(rows, torch.as_tensor(values[:, 0].copy()), frame, whole)
    return np.asarray(scores.reshape(frames, length).numpy())


def select_patches(scores: Any, k: int) -> NDArray[np.int64]:
    """Return the places of the k largest scores of each frame, ascending; of equal ones the first.

    Args:
        scores: (frames, l).
        k: of each frame, from 1 to l.

    Returns:
        (frames, k).

    Raises:
        InputError: k is out of range, or a score is not finite.
    """
    values = to_numpy(scores).astype(np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise InputError(f"scores has the shape {values.shape}, expected finite (frames, l).")
    if not 1 <= k <= values.shape[1]:
        raise InputError(f"k must be from 1 to {values.shape[1]} patches a frame, it is {k}.")
    return top(values, k)
