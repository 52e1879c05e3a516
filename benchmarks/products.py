"""Our matrix products against those of torch and of numpy.

1,920 words x 1,152 frames, the largest panels, in one thread. Ours has its operands in order; the
last row is what bringing them there takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.base import Claim, compare
from vrbench.alignments.engine.product import operand, ours, product

WORDS, FRAMES = 1920, 1152


def claims() -> Iterator[Claim]:
    """Compare the times of one product."""
    if not ours(torch.float32, torch.device("cpu")):
        raise SystemExit("our kernel needs numba, and a processor that it has a block for")
    torch.set_num_threads(1)
    for width in (512, 64, 768):
        rng = np.random.default_rng(width)
        rows, columns = (rng.standard_normal((n, width), dtype=np.float32) for n in (WORDS, FRAMES))
        left, right = torch.as_tensor(rows), torch.as_tensor(columns)
        x, y = operand(left, own=True), operand(right, columns=True, own=True)
        out, other = torch.empty(WORDS, FRAMES), np.empty((WORDS, FRAMES), np.float32)
        mine = partial(product, x, y, out)
        sides = {
            "torch": partial(torch.mm, left, right.mT, out=out),
            "numpy": partial(np.matmul, rows, columns.T, out=other),
        }
        with threadpool_limits(1):
            for name, theirs in sides.items():
                what = f"{width} numbers a token: times faster than {name}"
                yield compare(what, mine, theirs, rounds=15, target=1.0, at_least=True)
    yield compare(
        "768 numbers a token: bringing both operands in order / the product",
        lambda: (operand(left, own=True), operand(right, columns=True, own=True)),
        mine,
        rounds=15,
    )
