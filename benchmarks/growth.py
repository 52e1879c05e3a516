"""How time grows with items and with tokens: tokenflow, one thread.

CPU seconds of a size divided by those of half of it, from 250 x 250 items (12 frames) and from 6
frames (500 x 500 items). The curves: [growth.png](growth.png).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import torch

from benchmarks.base import Claim, compare, random_items, seconds
from vrbench.alignments import parse_method
from vrbench.alignments.engine.driver import score
from vrbench.features.tokens import Tokens

METHOD = parse_method("tokenflow")


def claims() -> Iterator[Claim]:
    """Double the items four times, and the frames four times."""
    torch.set_num_threads(1)
    items = {n: _sides(n, 12) for n in (250, 500, 1000, 2000, 4000)}
    for half, whole in pairwise(items):
        what = f"{whole:,} x {whole:,} items / {half:,} x {half:,}"
        rounds = 1 if whole > 2000 else 3
        yield compare(what, _score(*items[whole]), _score(*items[half]), rounds=rounds, target=4.2)
    frames = {n: _sides(500, n) for n in (6, 12, 24, 48, 96)}
    for half, whole in pairwise(frames):
        what = f"{whole} frames / {half} frames, 500 x 500 items"
        yield compare(what, _score(*frames[whole]), _score(*frames[half]), rounds=3, target=2.1)
    _plot(items, frames)


def _sides(n: int, frames: int) -> tuple[Tokens, Tokens]:
    return random_items(n, range(5, 33), 256, 0), random_items(n, range(frames, frames + 1), 256, 1)


def _score(texts: Tokens, videos: Tokens) -> Callable[[], object]:
    return partial(score, texts, videos, METHOD, workers=1)


def _plot(
    items: dict[int, tuple[Tokens, Tokens]],
    frames: dict[int, tuple[Tokens, Tokens]],
) -> None:
    """Draw the curves beside the report, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(7.4, 3.2), layout="constrained")
    names = ("items a side", "frames a video")
    for axes, sizes, name in zip(figure.subplots(1, 2), (items, frames), names, strict=True):
        _score(*next(iter(sizes.values())))()  # what is compiled or imported once is no growth
        took = [seconds(_score(*sides)) for sides in sizes.values()]
        axes.loglog(list(sizes), took, marker="o")
        axes.set(xlabel=name, ylabel="CPU seconds, tokenflow, one thread")
        axes.minorticks_off()
        axes.set_xticks(list(sizes), [f"{n:,}" for n in sizes])
        axes.set_yticks(took, [f"{one:.2g}" for one in took])
        axes.grid(alpha=0.3)
    figure.savefig(Path(__file__).parent / "growth.png", dpi=120)
