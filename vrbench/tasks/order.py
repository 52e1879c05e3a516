"""Ordering on a feature file with sequences, and reports of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import parse_method
from vrbench.alignments.engine import driver
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.runtime.seeds import seeded
from vrbench.sequences import sequences
from vrbench.sequences.engine.grouping import group_tokens, paragraph_truth
from vrbench.sims.truth import Truth
from vrbench.tasks.base import TaskReport
from vrbench.tasks.ordering import PLAIN, ordering
from vrbench.tasks.ordering_file import read_pairs
from vrbench.tasks.record import TaskData, TaskJob

Pair = tuple[NDArray[Any], NDArray[np.int64]]
"""(n, n) captions x clips similarities of a video, and the clip of each caption."""


def jobs_of_features(
    features: Features, method: str, ways: Sequence[str], seed: int = 0
) -> list[TaskJob]:
    """Return a job for each way to put a video's captions, shuffled first, in its clips' order.

    Args:
        features: a file with sequences.
        method: spec of the alignment.
        ways: as ``how`` of ``vrbench.tasks.ordering``.
        seed: of the shuffling, without which the file's order would decide ties.

    Raises:
        InputError: the method or a way cannot be read.
    """
    spec = parse_method(method).spec
    made = cache(partial(pairs_of, features, spec, seed))
    data = TaskData.of(features)
    return [_job(how, data, made, spec, seed) for how in _known(ways)]


def jobs_of_file(path: Path, ways: Sequence[str]) -> list[TaskJob]:
    """Return a job for each way to order the videos of a JSON file, see ``read_pairs``.

    Raises:
        InputError: the file is missing or malformed, or a way cannot be read.
    """
    pairs = read_pairs(path)
    captions = sum(len(right) for _, right in pairs)
    data = TaskData.of_file(path, len(pairs), captions)
    return [_job(how, data, lambda: (pairs, 0)) for how in _known(ways)]


def _known(ways: Sequence[str]) -> list[str]:
    """Return the ways, as specs without defaults, each once."""
    return list(
        dict.fromkeys(h if h in PLAIN else sequences.spec(sequences.parse(h)) for h in ways)
    )


def _job(
    how: str,
    data: TaskData,
    made: Callable[[], tuple[Sequence[Pair], int]],
    method: str | None = None,
    seed: int = 0,
) -> TaskJob:
    def run() -> TaskReport:
        pairs, left_out = made()
        (report,) = ordered(pairs, [how], left_out)
        return report

    return TaskJob("ordering", data, run, method, how, seed)


def pairs_of(features: Features, method: str, seed: int) -> tuple[list[Pair], int]:
    """Return similarities of shuffled captions and clips of each video, and the right clips.

    Videos with another number of captions than clips are left out and counted.

    Raises:
        InputError: sequences are missing.
    """
    text, video = features.text, features.video
    texts, videos = group_tokens(text, captions=True), group_tokens(video)
    truth = Truth.of((len(text), len(video)), text_video=features.text_video)
    owner = paragraph_truth(truth, texts, videos, (text.ids, video.ids)).video
    starts = [np.concatenate([[0], np.cumsum(g.lengths)]) for g in (texts, videos)]
    pairs, rng = [], seeded(seed)
    for p, v in enumerate(owner):
        rows = rng.permutation(texts.order[starts[0][p] : starts[0][p + 1]])
        clips = videos.order[starts[1][v] : starts[1][v + 1]]
        if len(rows) != len(clips) or len(set(features.text_video[rows])) < len(rows):
            continue
        some = text.take(rows), video.take(clips)
        sim = driver.score(*some, parse_method(method), precision="double").flat().t2v
        right = [int(np.flatnonzero(clips == row)[0]) for row in features.text_video[rows]]
        pairs.append((sim, np.array(right)))
    return pairs, len(owner) - len(pairs)


def ordered(pairs: Sequence[Pair], ways: Sequence[str], left_out: int = 0) -> list[TaskReport]:
    """Report each way of ordering.

    Args:
        pairs: (n, n) captions x clips similarities of a video, and the clip of each caption.
        ways: as ``how`` of ``vrbench.tasks.ordering``.
        left_out: videos that could not be ordered.

    Raises:
        InputError: there is no video.
    """
    if not pairs:
        raise InputError("No video has as many captions as clips, each with a clip of its own.")
    reports = []
    for how in ways:
        hits = [ordering(sim, how) == right for sim, right in pairs]
        reports.append(
            {
                "how": how,
                "videos": len(pairs),
                "wholly in order": 100 * float(np.mean([hit.all() for hit in hits])),
                "captions right": 100 * float(np.concatenate(hits).mean()),
                "left out": left_out,
            }
        )
    return reports
