"""Similarity files of named items with a bank, to be fused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

N, M, BANK_N, BANK_M = 8, 6, 9, 5
NAMES = {
    "text_ids": np.array([f"c{i}" for i in range(N)]),
    "video_ids": np.array([f"v{i}" for i in range(M)]),
    "bank_text_ids": np.array([f"bc{i}" for i in range(BANK_N)]),
    "bank_video_ids": np.array([f"bv{i}" for i in range(BANK_M)]),
}
OWNER, BANK_OWNER = np.arange(N) % M, np.arange(BANK_N) % BANK_M
SHAPES = {
    **dict.fromkeys(("t2v", "v2t"), (N, M)),
    "bank_t2v": (BANK_N, M),
    "bank_v2t": (N, BANK_M),
    **dict.fromkeys(("bank_bank_t2v", "bank_bank_v2t"), (BANK_N, BANK_M)),
}


def arrays(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {key: rng.integers(0, 9, shape) / 7 for key, shape in SHAPES.items()}
    return {**found, **NAMES, "text_video": OWNER, "bank_text_video": BANK_OWNER}


def save(path: Path, values: dict[str, Any]) -> Path:
    np.savez(path, **values)
    return path
