"""A test set in folds, each with a gallery of its own: COCO 1K is the mean of five."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.evaluation.record import numbers, protocol
from vrbench.evaluation.settings import Settings
from vrbench.evaluation.sources.base import Source
from vrbench.metrics.measure import Measured
from vrbench.metrics.values import Numbers
from vrbench.results.check import POSITIVES
from vrbench.results.pairing import right_pairs
from vrbench.results.result import Result
from vrbench.results.schema import ResultDict
from vrbench.sims.sim import DIRECTIONS


def fold_settings(settings: Settings, source: Source) -> Iterator[Settings]:
    """Yield the settings of each fold: consecutive videos, in folds that differ by one at most.

    Raises:
        InputError: there are fewer than two videos a fold, or a fold has no text.
    """
    n, ids = settings.folds or 0, source.video_ids
    if len(ids) < 2 * n:
        raise InputError(f"{len(ids)} videos are too few for {n} folds: give fewer.")
    for number, fold in enumerate(np.array_split(np.arange(len(ids)), n), 1):
        names = tuple(map(str, ids[fold].tolist()))
        if not source.truth.captions[fold].any():
            raise InputError(
                f"Fold {number} of {n}, from '{names[0]}' to '{names[-1]}', has no text: give "
                "fewer folds."
            )
        yield replace(settings, folds=None, limit=None, limit_ids=names)


def joined(folds: Sequence[Result], source: Source, settings: Settings) -> Result:
    """Return the means of the folds' numbers, with their spread and the ranks of all queries.

    The spread is the standard deviation over the folds, of n - 1. Ranks are those in the fold. The
    change by a norm is tested over all queries.

    Args:
        folds: their results.
        source: of the whole test set.
        settings: of the whole.
    """
    first = folds[0].values
    ranks = _ranks(folds, source)
    measured = _mean([one.values for one in folds], ranks, "")
    befores = [one.values.get("raw") for one in folds]
    before = [one for one in befores if one is not None]
    raw = _mean(before, ranks, "raw_") if before else None
    seconds = [one.values.get("seconds") or {} for one in folds]
    notes = dict.fromkeys(note for one in folds for note in one.notes)
    values = {
        **first,
        "n_text": source.truth.n_text,
        "n_video": source.truth.n_video,
        "limit": settings.limited,
        "protocol": {**protocol(source, settings), "folds": len(folds)},
        "notes": list(notes),
        **numbers(measured, raw),
        "folds": {"n": len(folds), "spread": _spread([one.values for one in folds])},
        "norm_info": {},
        "seconds": {key: round(sum(one[key] for one in seconds), 4) for key in seconds[0]},
    }
    return Result(cast(ResultDict, values), ranks)


def _mean(folds: Sequence[Numbers], ranks: dict[str, NDArray[Any]], prefix: str) -> Measured:
    def over(part: str, direction: str) -> dict[str, Any]:
        each = [cast(Any, one)[part][direction] for one in folds]
        return {key: _average([one.get(key) for one in each]) for key in _common(each)}

    metrics, diagnostics = (
        {direction: over(part, direction) for direction in DIRECTIONS}
        for part in ("metrics", "diagnostics")
    )
    vectors: dict[str, NDArray[Any]] = {d: ranks[f"{prefix}{d}"] for d in DIRECTIONS}
    return Measured(cast(Any, metrics), cast(Any, diagnostics), vectors)


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _common(each: Sequence[Mapping[str, Any]]) -> list[str]:
    return [key for key in each[0] if all(key in one for one in each)]


def _spread(folds: Sequence[ResultDict]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for direction in DIRECTIONS:
        each = [one["metrics"][direction] for one in folds]
        found[direction] = {
            key: float(np.std([one[key] for one in each], ddof=1)) for key in _common(each)
        }
    return found


def _ranks(folds: Sequence[Result], source: Source) -> dict[str, NDArray[Any]]:
    """Return the vectors of all queries, in the order of the whole; NaN where none was asked."""
    ids = {"text": source.text_ids, "video": source.video_ids}
    row = {side: {str(name): i for i, name in enumerate(names)} for side, names in ids.items()}
    found: dict[str, NDArray[Any]] = {f"{side}_ids": names for side, names in ids.items()}
    found |= right_pairs(source.truth)
    of_items = {*found, *POSITIVES}
    # recall@K is measured where a fold has an item of several
    for key in (key for key in _common([one.ranks for one in folds]) if key not in of_items):
        for fold in folds:
            values = fold.ranks[key]
            texts = key.endswith("t2v") or fold.values["protocol"]["v2t"] == "each-caption"
            side = "text" if texts else "video"
            whole = found.setdefault(key, np.full(len(ids[side]), np.nan))
            whole[[row[side][str(name)] for name in fold.ranks[f"{side}_ids"]]] = values
    return found
