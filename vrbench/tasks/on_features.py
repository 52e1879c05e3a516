"""The tasks on feature files: reading inputs and reporting results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import parse_method
from vrbench.alignments.engine import driver
from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.features.pairing import readings
from vrbench.runtime.seeds import seeded
from vrbench.sequences.engine.grouping import group_tokens, paragraph_truth
from vrbench.sims.truth import Truth
from vrbench.tasks.classification import cluster, cluster_accuracy
from vrbench.tasks.htm_align import auc, htm_align, windowed
from vrbench.tasks.multiple_choice import multiple_choice
from vrbench.tasks.ordering import ordering

TaskReport = dict[str, Any]


def qa(features: Features) -> TaskReport:
    """Choose among each video's texts by their global vectors; ``/video/label`` is the right one.

    A video's texts are counted by their names, where these are ``<video id>#<k>``, else as they
    stand.

    Raises:
        InputError: labels are missing, or a video has no text.
    """
    correct = _column(features.video, "label", "the number of each video's right text, from 0")
    order = np.lexsort((_numbers_in_names(features), features.text_video))
    counts = np.bincount(features.text_video, minlength=len(features.video))
    answers = driver.global_vectors(features.text)[order]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    video = driver.global_vectors(features.video)
    found = multiple_choice(video, answers, _numbers(correct, features.video), offsets)
    return {
        "videos": len(video),
        "answers": len(answers),
        "accuracy": found.accuracy,
        "chance": 100 * float((1 / counts).mean()),
    }


def _numbers_in_names(features: Features) -> NDArray[np.int64]:
    """(n_text,) which of its video's texts each one is, by its name, else by its place."""
    found = readings(features.text.ids, features.video.ids)
    if any(len(ways) != 1 or ways[0].k is None for ways in found):
        return np.arange(len(found))
    return np.array([ways[0].k for ways in found], dtype=np.int64)


def classification(
    features: Features,
    seeds: Sequence[int],
    clusters: int | None,
    side: str,
    progress: Callable[[str, int, int], None] | None = None,
) -> TaskReport:
    """Cluster the videos by k-means on their vectors, and match clusters with ``/video/label``.

    Args:
        features: a file with ``/video/label``.
        seeds: of k-means, one clustering each.
        clusters: how many; None: as many as classes.
        side: ``video``: global vectors of length 1; ``text``: the mean of those of a video's texts,
            scaled to length 1; ``both``: the mean of the two (Multi-SK: of video and audio).
        progress: called as (what, done, total) after each clustering.

    Raises:
        InputError: labels are missing, or texts are needed and a video has none.
    """
    labels = np.array([str(one) for one in _column(features.video, "label", "a class a video")])
    known = labels != ""
    labels, vectors = labels[known], _vectors(features, side)[known]
    names, sizes = np.unique(labels, return_counts=True)
    k = clusters or len(names)
    found = []
    for seed in seeds:
        found.append(cluster_accuracy(labels, cluster(vectors, k, seed)))
        if progress is not None:
            progress("clusterings", len(found), len(seeds))
    return {
        "videos": len(labels),
        "without class": int((~known).sum()),
        "classes": len(names),
        "clusters": k,
        "side": side,
        "accuracy": float(np.mean(found)),
        "std": float(np.std(found)),
        "seeds": list(seeds),
        "of each seed": found,
        "largest class": 100 * float(sizes.max()) / len(labels),
    }


def order(features: Features, method: str, ways: Sequence[str], seed: int = 0) -> list[TaskReport]:
    """Put each video's captions, shuffled first, in the order of its clips, in several ways.

    Videos with another number of captions than clips are left out and counted.

    Args:
        features: a file with sequences.
        method: spec of the alignment.
        ways: as ``how`` of ``vrbench.tasks.ordering``.
        seed: of the shuffling, without which the file's order would decide ties.

    Raises:
        InputError: sequences are missing, or no video can be ordered.
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
    return ordered(pairs, ways, left_out=len(owner) - len(pairs))


def ordered(
    pairs: Sequence[tuple[NDArray[Any], NDArray[np.int64]]], ways: Sequence[str], left_out: int = 0
) -> list[TaskReport]:
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


def htm(features: Features, window: int, step: int) -> TaskReport:
    """Find every sentence's second in its video, which has one token a second.

    Reads ``/text/start``, ``end`` and ``label`` (1: alignable, 0: not), texts in order of their
    rows.

    Raises:
        InputError: a column is missing.
    """
    text = features.text
    start, end = (_column(text, name, "seconds") for name in ("start", "end"))
    labels = _column(text, "label", "1 for texts that can be aligned, else 0")
    shown = _numbers(labels, text).astype(bool)
    vectors = driver.global_vectors(text)
    hits, best = [], np.full(len(text), np.nan)
    for row in np.unique(features.text_video):
        texts = np.flatnonzero(features.text_video == row)
        seconds = features.video.take([row]).tokens
        args = seconds, vectors[texts], start[texts], end[texts], shown[texts], window, step
        hits.append(htm_align(*args).hits)
        best[texts] = windowed(*args).max(axis=1)
    found = np.concatenate(hits)
    if not len(found):
        raise InputError(f"{features.path} has no alignable text (/text/label 1).")
    return {
        "videos": len(np.unique(features.text_video)),
        "texts": len(text),
        "alignable": len(found),
        "recall": 100 * float(found.mean()),
        "auc": auc(best, shown) if not shown.all() else None,
    }


def _column(items: Tokens, name: str, what: str) -> NDArray[Any]:
    if name not in items.item_columns:
        raise InputError(f"{items.name} has no column {name}: this task needs {what}.")
    return items.item_columns[name]


def _numbers(labels: NDArray[Any], items: Tokens) -> NDArray[np.int64]:
    """(n,) labels as whole numbers; a reader of a dataset writes them as names."""
    try:
        return np.array([int(label) for label in labels], dtype=np.int64)
    except ValueError as error:
        raise InputError(f"/label of {items.name} must hold whole numbers: {error}.") from error


def _vectors(features: Features, side: str) -> NDArray[np.float64]:
    parts = []
    if side != "text":
        parts.append(_unit(driver.global_vectors(features.video)))
    if side != "video":
        sums = np.zeros((len(features.video), features.text.dim))
        np.add.at(sums, features.text_video, _unit(driver.global_vectors(features.text)))
        if not sums.any(axis=1).all():
            raise InputError(f"A video of {features.path} has no text: use --side video.")
        parts.append(_unit(sums))
    return np.asarray(np.mean(parts, axis=0))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
