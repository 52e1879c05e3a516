"""Peak resident memory of ``vrbench eval``, imports included.

120 MB of float16 features: 700 texts of 5-32 words and 400 videos of 24 frames, 2,048 numbers a
token; norms have a bank of half the size. The first bound is the smallest that is accepted, imports
and 300 MB. Of three runs the highest counts. Without a bound: what is taken beyond imports,
features and two matrices, against 300 MB. The curve: [memory.png](memory.png).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.base import Claim, fact
from benchmarks.command import Workload, evaluate, imports, least
from vrbench.runtime.memory import LEAST, MB

SIZES = Workload(700, 400, range(5, 33), 24, 2048)
RUNS = 3
NORMS = ("--norm", "none", "--norm", "ncl", "--norm", "dsl", "--norm", "qb-norm")


def claims() -> Iterator[Claim]:
    """Compare peaks with their bounds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.h5"
        half = replace(SIZES, texts=SIZES.texts // 2, videos=SIZES.videos // 2)
        SIZES.write(path, half)
        lowest = least(path)
        peaks = {}
        for bound in (lowest, lowest + 100, 1000, 2000):
            claim = _under(f"--memory {bound}MB", path, bound)
            peaks[bound] = claim.ratio * bound
            yield claim
        more = lowest + 100
        yield _under(f"none, ncl, dsl and qb-norm, --memory {more}MB", path, more, *NORMS)
        size = path.stat().st_size * 2 // 3 + 2 * 4 * SIZES.texts * SIZES.videos  # without the bank
        over = evaluate(path).peak - imports() - size
        yield fact("no bound: beyond imports, features and two matrices / 300 MB", over / LEAST, 1)
        _plot(peaks)


def _under(what: str, path: Path, bound: int, *options: str) -> Claim:
    found = [
        evaluate(path, "--memory", f"{bound}MB", *options).peak / (bound * MB) for _ in range(RUNS)
    ]
    return Claim(f"peak of eval, {what} / the bound", max(found), min(found), max(found), 1)


def _plot(peaks: dict[int, float]) -> None:
    """Draw the curve beside the report, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(4, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(list(peaks), list(peaks), "--", color="gray", label="the bound")
    axes.plot(list(peaks), list(peaks.values()), marker="o", label="peak of eval")
    axes.set(xlabel="--memory, MB", ylabel="resident memory, MB", ylim=(0, None))
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(Path(__file__).parent / "memory.png", dpi=120)
