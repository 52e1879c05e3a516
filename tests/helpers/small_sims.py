"""Similarities and banks made from seeds, and the norms that they go through."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import vrbench
from vrbench.normalizations import normalizations
from vrbench.sims.sim import Sim

Array = NDArray[Any]

REGISTERED = tuple(normalizations.classes())
SPECS = (
    *REGISTERED,
    "ncl:gamma=0.05,iterations=1",
    "ncl:gamma=0.1,iterations=0",
    "ncl:gamma=0.05,marginals=captions",
    "ncl:gamma=0.05,side=first",
    "sk:scale=20,variant=exact",
    "dsl:tau=0.1,log=true",
)
WITH_BANK = tuple(spec for spec in SPECS if normalizations.parse(spec).needs_bank)
INDUCTIVE = tuple(s for s in WITH_BANK if not normalizations.parse(s).counts_captions)
OWNER = np.array([0, 1, 2, 3, 4, 0, 3, 3, 5])
"""Videos of nine texts; video 6 has none."""


def cosines(seed: int, n: int, m: int) -> Array:
    """(n, m) with columns of different means, as real galleries have them."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.1, 0.4, (n, m)) + rng.uniform(-0.1, 0.2, m)


def pair(seed: int = 0, dtype: Any = np.float64) -> tuple[Sim, Sim]:
    """9 texts x 7 videos, and a bank of 15 texts and 4 videos; directions differ."""
    sim = Sim(cosines(seed, 9, 7).astype(dtype), cosines(seed + 1, 7, 9).T.astype(dtype))
    bank = Sim(cosines(seed + 2, 15, 7).astype(dtype), cosines(seed + 3, 4, 9).T.astype(dtype))
    return sim, bank


def normalize(sim: Any, spec: str, bank: Any = "test", **truth: Any) -> Sim:
    return vrbench.normalize(sim, spec, bank=bank, **truth)


def bias(spec: str, bank: Array, **truth: Any) -> Array:
    """What is added to each gallery item."""
    zeros = np.zeros((2, bank.shape[1]))
    owner = truth.pop("text_video", None)
    rows = zeros if owner is None else np.zeros((len(owner), bank.shape[1]))
    return np.asarray(normalize(rows, spec, bank, text_video=owner, **truth).t2v[0])
