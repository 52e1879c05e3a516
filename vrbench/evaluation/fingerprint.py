"""What decides the bits of a similarity: versions, and digests of small results."""

from __future__ import annotations

import hashlib
import platform
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench._version import VERSION
from vrbench.alignments import parse_method
from vrbench.alignments.engine.driver import score
from vrbench.features.tokens import Tokens, offsets_of
from vrbench.runtime.cluster import Cluster
from vrbench.runtime.compiling import available

METHOD = "tokenflow"
"""Its tiles have products, exponentials and sums, compiled where numba is installed. The products
of heads and in training are torch's."""


def fingerprint() -> dict[str, str]:
    """Return versions, and digests of a product and of a tile, as they come out here."""
    import torch

    rng = np.random.default_rng(0)
    text, video = _items(rng, "text", 9), _items(rng, "video", 12)
    found = (torch.as_tensor(text.tokens) @ torch.as_tensor(video.tokens).mT).numpy()
    tile = score(text, video, parse_method(METHOD), workers=1, device="cpu")
    return {
        "vrbench": VERSION,
        "python": ".".join(platform.python_version_tuple()[:2]),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "numba": "yes" if available() else "no",
        "product": _digest(found),
        "exp": _digest(np.exp(rng.standard_normal(500))),
        "tile": _digest(np.stack([tile.t2v, tile.v2t])),
    }


def mixed_notes(backend: object) -> list[str]:
    """Return a note where workers of other fingerprints than this process's did tasks."""
    if not isinstance(backend, Cluster) or not backend.others:
        return []
    which = f"{backend.others} of {len(backend.seen)} workers"
    said = f"{which} compute other last bits than this machine (--mixed)"
    return [f"{said}: the result's provenance lists them."]


def _items(rng: np.random.Generator, name: str, length: int) -> Tokens:
    tokens = rng.standard_normal((48 * length, 64)).astype(np.float32)
    ids = np.array([f"{name}{i}" for i in range(48)])
    return Tokens(ids, tokens, offsets_of([length] * 48), name=name)


def _digest(values: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:12]
