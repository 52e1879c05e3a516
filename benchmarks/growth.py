"""How time grows with items and with tokens, and memory with the bound; tokenflow, one thread.

Time: CPU seconds of a size divided by those of half of it, from 250 x 250 items (12 frames) and
from 6 frames (500 x 500 items). Memory: peak of a process that runs ``vrbench eval``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from benchmarks.base import Claim, compare, fact, random_items, seconds
from vrbench.alignments import parse_method
from vrbench.alignments.driver import score
from vrbench.features.tokens import Tokens
from vrbench.features.writer import FeatureWriter

METHOD = parse_method("tokenflow")
MEASURED = """
import sys
from vrbench.cli import main
from vrbench.memory import peak
try:
    main()
finally:
    print(peak(), file=sys.stderr)
"""


def claims() -> Iterator[Claim]:
    """Double the items four times, the frames four times, and the memory twice."""
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
    peaks, size = _memory()
    for bound, peak in peaks.items():
        what = f"peak memory of eval, {size / 1e6:.0f} MB of float16 features / --memory {bound}MB"
        yield fact(what, peak / bound, 1)
    _plot(items, frames, peaks)


def _sides(n: int, frames: int) -> tuple[Tokens, Tokens]:
    return random_items(n, range(5, 33), 256, 0), random_items(n, range(frames, frames + 1), 256, 1)


def _score(texts: Tokens, videos: Tokens) -> Callable[[], object]:
    return partial(score, texts, videos, METHOD, workers=1)


def _memory() -> tuple[dict[int, float], int]:
    """Return the peak of ``eval`` under each bound, both in MB, and the bytes of the features."""
    peaks = {}
    texts, videos = (
        random_items(3000, range(5, 33), 512, 0),
        random_items(1000, range(64, 65), 512, 1),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.h5"
        with FeatureWriter(path, {"normalized": True}, "float16") as writer:
            writer.append("video", videos)
            owner = np.sort(np.arange(len(texts)) % len(videos))
            writer.append(
                "text",
                Tokens(
                    texts.ids, texts.tokens, texts.offsets, name="t", item_columns={"video": owner}
                ),
            )
            writer.finish()
        size = path.stat().st_size
        for bound in (700, 1000, 2000):
            words = [
                "eval",
                str(path),
                "--memory",
                f"{bound}MB",
                "--out",
                folder,
                "--overwrite",
                "-q",
            ]
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, *words], capture_output=True, text=True, check=True
            )
            peaks[bound] = int(done.stderr.split()[-1]) / 1e6
    return peaks, size


def _plot(
    items: dict[int, tuple[Tokens, Tokens]],
    frames: dict[int, tuple[Tokens, Tokens]],
    peaks: dict[int, float],
) -> None:
    """Draw the curves beside the report, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    *timed, last = figure.subplots(1, 3)
    for axes, sizes, name in zip(
        timed, (items, frames), ("items a side", "frames a video"), strict=True
    ):
        _score(*next(iter(sizes.values())))()  # what is compiled or imported once is no growth
        took = [seconds(_score(*sides)) for sides in sizes.values()]
        axes.loglog(list(sizes), took, marker="o")
        axes.set(xlabel=name, ylabel="CPU seconds, tokenflow, one thread")
        axes.minorticks_off()
        axes.set_xticks(list(sizes), [f"{n:,}" for n in sizes])
        axes.set_yticks(took, [f"{one:.2g}" for one in took])
        axes.grid(alpha=0.3)
    bounds = list(peaks)
    last.plot(bounds, bounds, "--", color="gray", label="the bound")
    last.plot(bounds, list(peaks.values()), marker="o", label="peak of eval")
    last.set(xlabel="--memory, MB", ylabel="resident memory, MB", ylim=(0, None))
    last.legend()
    last.grid(alpha=0.3)
    figure.savefig(Path(__file__).parent / "growth.png", dpi=120)
