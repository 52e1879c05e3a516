"""Items made from seeds, the slow reference of each alignment, and how scores are compared."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import oracle_attended
import oracle_late
import oracle_transports
import oracles
from captioned import make_captioned
from numpy.typing import NDArray
from oracles import l2
from small_features import tokens_of

from vrbench.alignments import alignments, parse_method
from vrbench.alignments.engine import driver
from vrbench.features import Tokens
from vrbench.sims.sim import Sim

Array = NDArray[Any]

ORACLES: dict[str, oracles.Alignment] = {
    "emd": oracle_transports.emd,
    "global": oracles.global_,
    "learnable": oracles.learnable,
    "lse": oracles.lse,
    "max-avg": oracles.max_avg,
    "max-sum": oracles.max_sum,
    "maxsim": oracle_late.maxsim,
    "query-scoring": oracle_late.query_scoring,
    "scan": oracles.scan,
    "scan-original": oracles.scan_original,
    "token-mean": oracles.token_mean,
    "tokenflow": oracles.tokenflow,
    "transport": oracle_transports.transport,
    "ucofia": oracle_attended.ucofia,
    "uniform": oracles.uniform,
    "wti": oracles.wti,
    "xclip": oracle_attended.xclip,
}
"""The slow reference of each alignment. Whoever adds an alignment adds its reference."""

WITHOUT_PATCHES = {"ucofia": "ucofia:levels=frame"}
"""What reads patches unless it is told otherwise, and what of it needs none and has one matrix."""

REGISTERED = tuple(WITHOUT_PATCHES.get(name, name) for name in alignments.classes())
SPECS = (
    *REGISTERED,
    "emd:eps=0",
    "emd:eps=0.2",
    "maxsim:side=video",
    "maxsim:mean=true,whole=true",
    "maxsim:side=video,whole=true",
    "query-scoring:tau=0.01",
    "lse:alpha=0.05",
    "lse:alpha=0.3,length_norm=true",
    "lse:length_norm=true",
    "lse:alpha=10000,length_norm=true",
    "scan:lam=0",
    "scan:lam=40",
    "scan-original:lam=4,agg=lse",
    "tokenflow:lam=0",
    "tokenflow:lam=50",
    "transport:reg=0.02,iterations=7,eps=0.1",
    "transport:reg=1",
    "0.5*global+0.5*tokenflow:lam=5",
    "2*max-avg+-0.25*emd+scan",
    "ucofia:levels=video",
    "0.5*ucofia:levels=video+frame+xclip",
)


def score(text: Tokens, video: Tokens, spec: str, **options: Any) -> Sim:
    return driver.score(text, video, parse_method(spec), **options)


def reference(
    spec: str,
    texts: Sequence[Array],
    videos: Sequence[Array],
    text_globals: Array | Sequence[Array] | None = None,
    video_globals: Array | Sequence[Array] | None = None,
) -> tuple[Array, Array]:
    """Both directions of a spec, from the slow references; vectors as they are given."""
    t2v = v2t = np.zeros((len(texts), len(videos)))
    for weight, part in parse_method(spec).parts:
        name = alignments.spec(part).partition(":")[0]
        assert name in ORACLES, f"{name} needs a slow reference in tests/oracles.py and in ORACLES"
        values = {key: value for key, value in vars(part).items() if key != "level"}
        values = {key: value for key, value in values.items() if key not in ("weights", "step")}
        found = oracles.pairwise(
            ORACLES[name], texts, videos, text_globals, video_globals, **values
        )
        t2v, v2t = t2v + weight * found[0], v2t + weight * found[1]
    return t2v, v2t


def assert_close(sim: Sim, expected: tuple[Array, Array], tolerance: float) -> None:
    np.testing.assert_allclose(sim.t2v, expected[0], rtol=0, atol=tolerance)
    np.testing.assert_allclose(sim.v2t, expected[1], rtol=0, atol=tolerance)


def assert_same_bits(sim: Sim, other: Sim) -> None:
    np.testing.assert_array_equal(sim.t2v, other.t2v)
    np.testing.assert_array_equal(sim.v2t, other.v2t)


@cache
def items(seed: int = 0) -> tuple[list[Array], list[Array]]:
    """6 texts and 8 videos of 1 to 7 tokens, not of length 1."""
    texts, videos, _ = make_captioned(seed, (1, 0, 2, 1, 0, 1, 1, 0), (1, 2, 3, 5, 7), 16)
    rng = np.random.default_rng(seed)
    both = [[item * rng.uniform(0.2, 1.5, (len(item), 1)) for item in s] for s in (texts, videos)]
    assert {len(item) for item in texts} >= {1}
    assert {len(item) for item in videos} >= {1}
    return both[0], both[1]


@cache
def crowd(dim: int = 16) -> tuple[Tokens, Tokens]:
    """65 texts and 55 videos: runs of all sizes, remainders of every kind."""
    texts, videos, owner = make_captioned(7, [2] * 10 + [1] * 45, (1, 2, 3, 4, 7, 10, 12), dim)
    rng = np.random.default_rng(8)
    return (
        tokens_of(texts, "text", vectors=rng.standard_normal((len(texts), dim)), video=owner),
        tokens_of(videos, "video"),
    )


@cache
def cosines(spec: str) -> tuple[Array, Array]:
    texts, videos = items()
    return reference(spec, [l2(x) for x in texts], [l2(x) for x in videos])


def near(a: Any, b: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)
