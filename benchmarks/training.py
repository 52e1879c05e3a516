"""A step's similarities with gradient against the bare matrix products of forward and backward.

A batch of 128 texts of 5-32 words x 128 videos of 12 frames. The bare products are c = words times
frames and the two that give its gradient back to words and frames; ours are scaling to length 1,
all that is made of c, and the gradient of it, for a sum of both directions' similarities. The
products have one thread on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.base import Claim, compare, random_items
from vrbench.alignments import Method, parse_method
from vrbench.alignments.engine.batch import Packed, similarities

TARGET = 1.5
SPECS = ("global", "max-avg", "scan", "lse", "tokenflow", "0.5*global+0.5*tokenflow")


def claims() -> Iterator[Claim]:
    """Compare each alignment's step, 512 and 64 numbers a token."""
    torch.set_num_threads(1)
    for width, target in ((512, TARGET), (64, None)):
        text, video = _side(range(5, 33), width, 0), _side(range(12, 13), width, 1)
        for spec in SPECS:
            yield compare(
                f"{spec}, 128 x 128 items, width {width}, forward and backward / bare products",
                partial(_step, parse_method(spec), text, video),
                partial(_bare, text.tokens.detach(), video.tokens.detach()),
                rounds=9,
                target=target,
            )


def _side(lengths: range, width: int, seed: int) -> Packed:
    items = random_items(128, lengths, width, seed)
    return Packed(torch.tensor(items.tokens, requires_grad=True), items.lengths)


def _step(method: Method, text: Packed, video: Packed) -> None:
    text.tokens.grad = video.tokens.grad = None
    t2v, v2t = similarities(method, text, video)
    (t2v.sum() + v2t.sum()).backward()  # type: ignore[no-untyped-call]


def _bare(words: torch.Tensor, frames: torch.Tensor) -> None:
    grad = words @ frames.mT
    _ = grad @ frames, grad.mT @ words
