"""NCL against one read of the matrix, and against a loop over torch.logsumexp (W6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.base import Claim, compare
from vrbench.normalizations.sinkhorn import keep, sinkhorn
from vrbench.sim import Rows

GAMMA = 0.01
MORE = 20
"""Iterations by which two runs differ: their difference is what iterations alone cost."""


def claims() -> Iterator[Claim]:
    """Compare iterations of NCL's fixed point."""
    torch.set_num_threads(1)
    for queries, gallery in ((16_384, 1_000), (16_384, 5_000)):
        rng = np.random.default_rng(0)
        text, video = (rng.standard_normal((n, 64)).astype(np.float32) for n in (queries, gallery))
        text /= np.linalg.norm(text, axis=1, keepdims=True)
        video /= np.linalg.norm(video, axis=1, keepdims=True)
        bank = text @ video.T
        rows = Rows(bank)
        logits = torch.as_tensor(bank) / GAMMA
        name = f"ncl, {queries:,} x {gallery:,}"
        yield compare(
            f"{name}: 4 iterations, start and residual included / 4 x (one read, numpy max)",
            partial(_run, rows, 4),
            partial(_read, bank, 4),
        )
        yield compare(
            f"{name}: {MORE} iterations, without start / {MORE} x (one read, numpy max)",
            _Difference(rows),
            partial(_read, bank, MORE),
            target=2.5,
        )
        yield compare(
            f"{name}: an iteration, times faster than a loop of torch.logsumexp",
            _Difference(rows),
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


class _Difference:
    """Iterations alone: on what is kept between them."""

    def __init__(self, rows: Rows) -> None:
        n, m = len(rows), rows.width
        log_r, log_c = np.full(n, -np.log(n)), np.full(m, -np.log(m))
        self._step = keep(rows, GAMMA, log_r, log_c, np.zeros(m), rows.matrix.dtype)
        self._start = np.zeros(m)

    def __call__(self) -> None:
        beta = self._start
        for _ in range(MORE):
            assert self._step is not None
            _, beta = self._step(beta)


def _logsumexp(logits: torch.Tensor) -> None:
    beta = torch.zeros(logits.shape[1])
    alpha = -torch.logsumexp(logits + beta, 1)
    _ = -torch.logsumexp(logits + alpha[:, None], 0)
