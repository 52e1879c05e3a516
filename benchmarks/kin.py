"""Later norms and methods against the nearest of the others: at most 1.5 times as long."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import vrbench
from benchmarks.base import Claim, compare
from vrbench.sims.sim import Sim

MOST = 1.5
NORMS = (
    ("dual-is", "inverted-softmax:beta=100"),
    ("mutual-proximity", "gc"),
    ("dbsn", "ncl:iterations=10"),
)
METHODS = (("maxsim", "max-sum"), ("query-scoring", "tokenflow"), ("wti", "token-mean"))
TEXTS, VIDEOS, BANK_TEXTS, BANK_VIDEOS = 1_000, 1_000, 4_000, 2_000


def claims() -> Iterator[Claim]:
    """Compare each with its kin; ``dbsn`` has three times the entries: three runs of ``ncl``."""
    torch.set_num_threads(1)
    text, video, bank_text, bank_video = map(_unit, (TEXTS, VIDEOS, BANK_TEXTS, BANK_VIDEOS))
    sim = {"t2v": text @ video.T}
    bank = {
        "t2v": bank_text @ video.T,
        "inner": Sim(bank_text @ bank_video.T, None),
        "beyond": Sim(text @ bank_video.T, None),
    }
    for norm, other in NORMS:
        yield compare(
            f"{norm} / {other}, {BANK_TEXTS:,} x {VIDEOS:,} and {BANK_VIDEOS:,}",
            partial(vrbench.normalize, sim, norm, bank),
            partial(vrbench.normalize, sim, other, bank),
            target=MOST,
            scale=3 if norm == "dbsn" else 1,
        )
    sides = [[_unit(12) for _ in range(300)] for _ in range(2)]
    for method, other in METHODS:
        yield compare(
            f"{method} / {other}, 300 x 300 of 12 tokens",
            partial(_score, sides, method),
            partial(_score, sides, other),
            target=MOST,
        )


def _unit(n: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(n).standard_normal((n, 64)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _score(sides: list[list[Any]], method: str) -> None:
    vrbench.score(sides[0], sides[1], method, workers=1)
