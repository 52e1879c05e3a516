"""What offset and variant do to DTW and OTAM: R@1 of synthetic paragraphs and videos.

``python -m benchmarks.offsets`` prints the table. 30 videos of 4 to 12 clips, a caption each: unit
vectors of width 16, the caption's is its clip's with noise. Similarities are their cosines, or
1.5 + cosine, which is what raw dot products of about 0 to 3 look like.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.ranking import ranks
from vrbench.sequences import score

SEEDS = range(3)
VIDEOS, WIDTH, NOISE = 30, 16, 0.4
CASES = (("cosine", 0.0, (1, 0)), ("1.5 + cosine", 1.5, (1, 0, 3)))
"""What a similarity is called, what is added to the cosine, and the offsets that are tried."""


class Row(NamedTuple):
    """One line of the table; recalls are R@1 in percent, means over seeds, released and exact."""

    similarity: str
    offset: int
    negative: float
    recalls: dict[str, tuple[float, float]]


def rows() -> Iterator[Row]:
    """Yield the lines of the table."""
    made = [synthetic(seed) for seed in SEEDS]
    for name, added, offsets in CASES:
        for offset in offsets:
            negative = np.mean([(offset - sim - added < 0).mean() for sim, _ in made])
            recalls = {
                kind: (
                    recall(made, added, f"{kind}:variant=norton,offset={offset}"),
                    recall(made, added, f"{kind}:offset={offset}"),
                )
                for kind in ("otam", "dtw")
            }
            yield Row(name, offset, 100 * float(negative), recalls)


def synthetic(seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the cosines of all captions and clips, and the length of each sequence."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(4, 13, VIDEOS)
    clips = rng.standard_normal((lengths.sum(), WIDTH))
    clips /= np.linalg.norm(clips, axis=1, keepdims=True)
    captions = clips + NOISE * rng.standard_normal(clips.shape)
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    return captions @ clips.T, lengths


def recall(made: list[tuple[NDArray[Any], NDArray[Any]]], added: float, spec: str) -> float:
    """R@1 of t2v in percent, ties as the mean of both ends, mean over the seeds."""
    found = [ranks(score(sim + added, n, n, spec)) for sim, n in made]
    return 100 * float(np.mean([(r <= 1).mean() for r in found]))


def table() -> list[str]:
    """Return the table as Markdown."""
    lines = [
        "| similarity | distance | negative | OTAM released / exact | DTW released / exact |",
        "|---|---|---:|---:|---:|",
    ]
    for row in rows():
        cells = [f"{a:.0f} / {b:.0f}" for a, b in (row.recalls["otam"], row.recalls["dtw"])]
        lines.append(
            f"| {row.similarity} | {row.offset} - M | {row.negative:.0f} % | {' | '.join(cells)} |"
        )
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
