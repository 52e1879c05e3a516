"""NCL against one read of the matrix, and against a loop over torch.logsumexp (W6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.base import Claim, compare
from vrbench.normalizations import kept
from vrbench.normalizations.sinkhorn import sinkhorn
from vrbench.sims.sim import Rows

GAMMA = 0.01
MORE = 20
"""Iterations that are timed together."""


def claims() -> Iterator[Claim]:
    """Compare iterations of NCL's fixed point."""
    torch.set_num_threads(1)
    for queries, gallery in ((16_384, 1_000), (16_384, 1_024), (16_384, 5_000)):
        rng = np.random.default_rng(0)
        text, video = (rng.standard_normal((n, 64)).astype(np.float32) for n in (queries, gallery))
        text /= np.linalg.norm(text, axis=1, keepdims=True)
        video /= np.linalg.norm(video, axis=1, keepdims=True)
        bank = text @ video.T
        rows = Rows(bank)
        logits = torch.as_tensor(bank) / GAMMA
        name = f"ncl, {queries:,} x {gallery:,}"
        iterations = {"numba": _Iterations(rows, 0), "numpy": _Iterations(rows, 10**12)}
        yield compare(
            f"{name}: 4 iterations, start and residual included / 4 x (one read, numpy max)",
            partial(_run, rows, 4),
            partial(_read, bank, 4),
        )
        for way, work in iterations.items():
            yield compare(
                f"{name}, {way}: {MORE} iterations, without start / {MORE} x (one read, numpy max)",
                work,
                partial(_read, bank, MORE),
                rounds=15,
                target=1.2 if way == "numba" else None,
            )
        yield compare(
            f"{name}: an iteration, times faster than a loop of torch.logsumexp",
            iterations["numba"],
            partial(_logsumexp, logits),
            rounds=3,
            target=20,
            at_least=True,
            scale=MORE,
        )


def _read(bank: NDArray[np.float32], times: int) -> None:
    for _ in range(times):
        bank.max()


def _run(rows: Rows, iterations: int) -> None:
    sinkhorn(rows, GAMMA, np.ones(len(rows)), np.ones(rows.width), iterations)


class _Iterations:
    """Iterations alone, on what is kept between them."""

    def __init__(self, rows: Rows, least: int) -> None:
        n, m = len(rows), rows.width
        log_r, log_c = np.full(n, -np.log(n)), np.full(m, -np.log(m))
        with patch.object(kept, "COMPILED", least):
            found = kept.keep(rows, GAMMA, log_r, log_c, rows.matrix.dtype)
        assert found is not None
        self._start, self._step = found
        self()  # the first call compiles

    def __call__(self) -> None:
        beta = self._start
        for _ in range(MORE):
            _, beta = self._step(beta)


def _logsumexp(logits: torch.Tensor) -> None:
    beta = torch.zeros(logits.shape[1])
    alpha = -torch.logsumexp(logits + beta, 1)
    _ = -torch.logsumexp(logits + alpha[:, None], 0)
