"""Sim: what an alignment gives, and what a normalization takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Sim:
    """Two similarity matrices, texts x videos whatever the direction.

    Token methods score the two directions differently; symmetric ones return one array twice.

    Attributes:
        t2v: (n_text, n_video) ranks videos for a text; None where only v2t was asked for.
        v2t: (n_text, n_video) ranks texts for a video; None where only t2v was asked for.
    """

    t2v: Any
    v2t: Any


def queries_by_gallery(sim: NDArray[Any], direction: str) -> NDArray[Any]:
    """Turn texts x videos into queries x gallery: the transpose for v2t (a view)."""
    return sim if direction == "t2v" else sim.swapaxes(-1, -2)


def as_matrix(values: Any) -> NDArray[Any]:
    """Return a float array of ``values`` (numpy or torch), float64 kept, others as float32."""
    array = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    return (
        array
        if array.dtype in (np.float32, np.float64)
        else array.astype(np.float32 if array.dtype == np.float16 else np.float64)
    )
