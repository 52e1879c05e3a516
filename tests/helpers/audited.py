"""Similarities with ties to audit, and what the report and the released function say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.auditing import AuditReport

Array = NDArray[Any]
KS = (1, 5, 10)


def tied_sim(seed: int, n_text: int, n_video: int) -> Array:
    """Whole numbers, so that many similarities are equal."""
    return np.random.default_rng(seed).integers(0, 12, (n_text, n_video)).astype(np.float32)


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def reported(report: AuditReport, rule: str, direction: str) -> Any:
    (row,) = [row for row in report["rules"] if row["rule"] == rule]
    return {"t2v": row["t2v"], "v2t": row["v2t"]}[direction]


def released_compute_metrics(x: Array) -> tuple[int, dict[str, float]]:
    """CLIP4Clip's function as its issue 80 describes it: every place equal to the diagonal."""
    sorted_ = np.sort(-x, axis=1)
    places = np.where(sorted_ - np.diag(-x)[:, None] == 0)[1]
    recalls = {f"R@{k}": float((places < k).sum()) * 100 / len(places) for k in KS}
    return len(places), {
        **recalls,
        "MdR": float(np.median(places)) + 1,
        "MnR": float(places.mean()) + 1,
    }
