"""Recall of a head on the videos that were kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench import metrics
from vrbench.alignments import Method
from vrbench.evaluation.sources.scorer import Scorer
from vrbench.features import Tokens
from vrbench.heads import HeadSpec
from vrbench.heads.applied import map_side
from vrbench.heads.base import Side
from vrbench.sims.sim import DIRECTIONS
from vrbench.training.items import TrainingItems

if TYPE_CHECKING:
    from torch import Tensor

KS = (1, 5, 10)


def recalls(
    spec: HeadSpec,
    weights: Mapping[str, Tensor],
    method: Method,
    items: TrainingItems,
    score: Scorer,
) -> dict[str, dict[str, float]]:
    """Return R@1, R@5 and R@10 of both directions, in percent, among the validation videos.

    Every validation text is ranked against the validation videos, and each video by its best text.

    Args:
        spec: the heads.
        weights: of them.
        method: the alignment.
        items: training and validation.
        score: scores within the bound of memory.
    """
    texts = items.texts_of(items.held)
    owner = np.searchsorted(items.held, items.owner[texts])
    known = {name: weight.detach().cpu() for name, weight in weights.items()}

    def mapped(side: Side, tokens: Tokens) -> Tokens:
        return map_side(spec, known, side, tokens)

    sim = score(
        method.with_weights(known),
        mapped("text", items.text.select(texts)),
        mapped("video", items.video.select(items.held)),
        "both",
        None,
        8 * len(texts) * len(items.held),
    ).flat()
    found: dict[str, dict[str, float]] = {}
    for direction in DIRECTIONS:
        ranks = metrics.ranks(getattr(sim, direction), owner, direction)
        summary: dict[str, Any] = metrics.summary(ranks[~np.isnan(ranks)], KS)
        found[direction] = {f"R@{k}": summary[f"R@{k}"] for k in KS}
    return found


def total(found: Mapping[str, Mapping[str, float]]) -> float:
    """Return the sum of R@1, R@5 and R@10 of both directions: what is to grow."""
    return sum(value for direction in found.values() for value in direction.values())
