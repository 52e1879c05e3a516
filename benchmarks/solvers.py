"""Optimal transport: exact (``emd``) and entropic (``transport``).

Retrieval sets: texts of 5-32 words and videos of 12 frames scattered around a common centre, in 512
dimensions; the more they scatter, the harder. Shares are of all pairs; "brute force" is the whole
matrix. The bundled features are MSR-VTT's 476 clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import ot
import torch

from benchmarks.base import Claim, compare, fact, floor, random_items
from vrbench.alignments import Method, parse_method
from vrbench.alignments.emd import EarthMover, solve
from vrbench.alignments.engine.driver import score
from vrbench.alignments.engine.emd_kernels import DROPPED
from vrbench.alignments.engine.emd_positives import contenders
from vrbench.bundled import bundled_features
from vrbench.features import open_features
from vrbench.features.tokens import Tokens, offsets_of
from vrbench.metrics.ranking import ranks
from vrbench.sims.truth import Truth

EMD = parse_method("emd")
PAIRS = 2000


def claims() -> Iterator[Claim]:
    """Compare full matrices with loops over a solver, then ranks by bounds, then both solvers."""
    torch.set_num_threads(1)
    texts, videos = (
        random_items(150, range(5, 33), 512, 0),
        random_items(150, range(12, 13), 512, 1),
    )
    scale = len(texts) * len(videos) / PAIRS
    pairs = _problems(texts, videos)
    whole = partial(score, texts, videos, EMD, workers=1)
    yield compare(
        f"emd, whole matrix of 150 x 150 / bare loop over POT's C core ({PAIRS} pairs, scaled)",
        whole, partial(_core, pairs), rounds=5, target=1.6, scale=scale,
    )  # fmt: skip
    yield compare(
        f"emd, whole matrix of 150 x 150: times faster than ot.emd2 ({PAIRS} pairs, scaled)",
        whole, partial(_emd2, pairs), rounds=3, target=5, at_least=True, scale=scale,
    )  # fmt: skip
    same = [pair for pair in pairs if pair[2].shape == pairs[0][2].shape]
    exact = np.array([solve(*pair) for pair in same])
    what = f"emd: ot.batch's proximal method, 100 iterations ({len(same)} pairs of equal lengths)"
    yield compare(f"{what} / POT's C core", partial(_proximal, same), partial(_core, same))
    above = float((_proximal(same) / exact - 1).mean())
    yield fact(f"{what}: its cost beyond the optimum, relative, mean", above)
    for name, scatter, share, against in (
        ("easy", 3.0, None, None),
        ("R@1 about 44 %", 6.0, 0.03, 1.45),
        ("R@1 about 10 %", 7.7, 0.18, None),
    ):
        yield from _by_bounds(name, scatter, share, against)
    yield from _entropic(texts, videos, pairs, scale)


def _by_bounds(
    name: str, scatter: float, share: float | None, against: float | None
) -> Iterator[Claim]:
    text, video = scattered(1000, scatter)
    truth = Truth.of((1000, 1000))

    def ours() -> Any:
        bounded = Method(((1.0, contenders(text, video, truth, EarthMover())),))
        return score(text, video, bounded, workers=1).t2v

    found = ours()
    rank = ranks(found)
    known = float((found > DROPPED).mean())
    first = 100 * float((rank <= 1).mean())
    what = f"emd ranks, W1, {name} (R@1 {first:.0f}, MnR {rank.mean():.0f})"
    yield fact(f"{what}: share of pairs solved", known, share)
    small = [side.block(0, 300) for side in (text, video)]
    yield fact(f"{what}: ranks that differ from brute force, 300 x 300", _differ(*small), 0)
    yield compare(f"{what} / floor", ours, partial(floor, text, video), rounds=9, target=against)
    yield compare(
        f"{what}: times faster than ot.emd2 ({PAIRS} pairs, scaled)",
        ours,
        partial(_emd2, _problems(text, video)),
        rounds=3,
        target=35 if against else None,
        at_least=True,
        scale=1e6 / PAIRS,
    )
    if against:
        yield compare(
            f"the same loop of ot.emd2 / floor, {name}: what the row above could reach at most",
            partial(_emd2, _problems(text, video)),
            partial(floor, text, video),
            rounds=3,
            scale=PAIRS / 1e6,
        )


def _differ(text: Tokens, video: Tokens, owner: Any = None) -> float:
    truth = Truth.of((len(text), len(video)), owner)
    bounded = Method(((1.0, contenders(text, video, truth, EarthMover())),))
    some, whole = (score(text, video, m).t2v for m in (bounded, EMD))
    return float(
        sum(
            (np.nan_to_num(ranks(some, owner, d)) != np.nan_to_num(ranks(whole, owner, d))).sum()
            for d in ("t2v", "v2t")
        )
    )


def _entropic(texts: Tokens, videos: Tokens, pairs: Any, scale: float) -> Iterator[Claim]:
    method = parse_method("transport:reg=0.1")
    ours = partial(score, texts, videos, method, workers=1)
    yield compare(
        f"transport, 150 x 150: times faster than ot.sinkhorn, 50 iterations ({PAIRS} pairs)",
        ours, partial(_sinkhorn, pairs), rounds=3, at_least=True, scale=scale,
    )  # fmt: skip
    yield compare(
        f"transport, 150 x 150: times faster than ot.batch, 50 iterations ({PAIRS} pairs)",
        ours, partial(_batched, pairs), rounds=3, at_least=True, scale=scale,
    )  # fmt: skip
    yield compare(
        "transport, 150 x 150, 50 iterations / emd, whole matrix",
        ours, partial(score, texts, videos, EMD, workers=1), rounds=3,
    )  # fmt: skip
    data = open_features(bundled_features())
    owner = data.text_video
    yield fact(
        "emd, bundled: ranks that differ from brute force", _differ(data.text, data.video, owner), 0
    )
    exact = score(data.text, data.video, EMD).t2v
    for reg in (0.01, 0.03, 0.1, 0.3):
        soft = score(data.text, data.video, parse_method(f"transport:reg={reg}")).t2v
        before, after = (ranks(sim, owner) for sim in (exact, soft))
        recalls = [100 * (float((x <= 1).mean())) for x in (before, after)]
        what = f"transport:reg={reg}, bundled, t2v R@1 {recalls[1]:.1f} (emd {recalls[0]:.1f})"
        yield fact(
            f"{what}: share of ranks that differ from emd's", float((before != after).mean())
        )


def scattered(n: int, scatter: float) -> tuple[Tokens, Tokens]:
    """Make n pairs around common centres that lie around 40 topics."""
    rng = np.random.default_rng(0)
    topic = rng.standard_normal((40, 512))[rng.integers(0, 40, n)]
    centre = 0.6 * topic + rng.standard_normal((n, 512))
    sides = []
    for lengths in (rng.integers(5, 33, n), np.full(n, 12)):
        tokens = np.repeat(centre, lengths, axis=0)
        tokens = (tokens + scatter * rng.standard_normal(tokens.shape)).astype(np.float32)
        tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
        ids = np.arange(n).astype(str)
        sides.append(Tokens(ids, tokens, offsets_of(lengths), name="benchmark"))
    return sides[0], sides[1]


def _problems(texts: Tokens, videos: Tokens) -> list[tuple[Any, Any, Any]]:
    """Masses and costs of random pairs, ready for a solver."""
    rng, found = np.random.default_rng(5), []
    for i, j in rng.integers(0, len(texts), (PAIRS, 2)):
        omega = texts.tokens[texts.offsets[i] : texts.offsets[i + 1]].astype(np.float64)
        mu = videos.tokens[videos.offsets[j] : videos.offsets[j + 1]].astype(np.float64)
        masses = (mu @ omega.mean(0), omega @ mu.mean(0))
        found.append((*map(EarthMover().masses, masses), 1 - mu @ omega.T))
    return found


def _core(pairs: Any) -> None:
    for a, b, cost in pairs:
        solve(a, b, cost)


def _emd2(pairs: Any) -> None:
    for a, b, cost in pairs:
        ot.emd2(a, b, cost)


def _sinkhorn(pairs: Any) -> None:
    for a, b, cost in pairs:
        ot.sinkhorn(a, b, cost, 0.1, numItermax=50, stopThr=0, warn=False)


def _batched(pairs: Any) -> None:
    """Padded to the longest with zero masses."""
    from ot.batch import solve_batch

    f, w = (max(cost.shape[axis] for _, _, cost in pairs) for axis in (0, 1))
    a, b = torch.zeros(len(pairs), f).double(), torch.zeros(len(pairs), w).double()
    costs = torch.zeros(len(pairs), f, w).double()
    for i, (frames, words, cost) in enumerate(pairs):
        a[i, : len(frames)], b[i, : len(words)] = map(torch.from_numpy, (frames, words))
        costs[i, : len(frames), : len(words)] = torch.from_numpy(cost)
    solve_batch(costs, 0.1, a, b, max_iter=50, tol=0, method="sinkhorn", grad="detach")


def _proximal(pairs: Any) -> Any:
    """(k,) costs by ot.batch's method without entropy, 100 iterations; items of equal length."""
    from ot.batch import solve_batch

    a, b, costs = (torch.from_numpy(np.array(part)) for part in zip(*pairs, strict=True))
    how = {"max_iter": 100, "tol": 0, "method": "proximal", "grad": "detach"}
    plan = solve_batch(costs, None, a, b, **how).plan
    return (plan * costs).sum((1, 2)).numpy()
