"""A closed-form projection of both token spaces into one: CCA, its parameters held out."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vrbench import metrics
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.features.sides import check_finished, json_attr
from vrbench.heads.cca import canonical
from vrbench.heads.pairs import Float, VectorPairs
from vrbench.heads.projection import Affine, Projection
from vrbench.runtime.seeds import check_seed, seeded

KS = (1, 5, 10)


@dataclass(frozen=True)
class Choice:
    """Parameters of a projection.

    Attributes:
        reg: regularization, in units of the variance of a standardized coordinate.
        width: number of canonical directions.
        power: each direction is weighted by its canonical correlation to this power.
    """

    reg: float
    width: int
    power: float


@dataclass(frozen=True)
class Grid:
    """The choices to try: every combination.

    Attributes:
        reg: > 0.
        width: >= 1.
        power: >= 0.
        folds: parts that the videos are split into; each is held out once.
        seed: of the split.

    Raises:
        InputError: a value is out of range, or there is none to choose from.
    """

    reg: Sequence[float] = (0.1, 0.2, 0.5, 1.0)
    width: Sequence[int] = (64, 96, 128, 192)
    power: Sequence[float] = (0.0, 0.5, 0.75, 1.0)
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        for name, lowest in (("reg", 1e-9), ("width", 1), ("power", 0)):
            values = getattr(self, name)
            if not values or not all(lowest <= value < math.inf for value in values):
                raise InputError(f"{name} must be finite and at least {lowest:g}, it is {values}.")
        if self.folds < 2:
            raise InputError(f"folds must be at least 2, it is {self.folds}.")
        check_seed(self.seed)


def train(
    features: Features,
    grid: Grid | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Projection:
    """Fit maps of video and text tokens into one space by regularized CCA of item means.

    Every text makes a pair with its video. The maps are affine, so that an item's mean token goes
    to the mean of its mapped tokens. For each choice of the grid and each fold of the videos, the
    maps are fitted on the other folds, and each held-out text is ranked against the held-out
    videos by the cosine of the mapped means; the choice with the best mean of t2v R@1, R@5 and
    R@10 over the folds is fitted again on all videos.

    Args:
        features: unprojected features of both sides; the bank is not looked at.
        grid: what to try.
        progress: called as (what, done, total).

    Raises:
        InputError: the features are unfinished, projected already, or hold too few videos with
            texts.
    """
    grid = grid or Grid()
    check_finished(features.attrs, features.path)
    if features.attrs.get("projection"):
        raise InputError(f"{features.path} is projected already: extract it without --projection.")
    pairs = VectorPairs.of(features)
    described = np.bincount(pairs.owner, minlength=len(pairs.video)) > 0
    if described.sum() < 2 * grid.folds:
        raise InputError(
            f"{features.path} has {described.sum()} videos with a text, expected at least "
            f"{2 * grid.folds} for {grid.folds} folds."
        )
    pairs = pairs.of_videos(described)
    scores = held_out(pairs, grid, progress)
    best = max(scores, key=lambda choice: sum(scores[choice]))
    video, text = canonical(pairs.moments(), best.reg).maps(best.width, best.power)
    about = {
        "encoder": features.attrs.get("encoder"),
        "weights": json_attr(features.attrs, "weights", dict, features.path),
        "n_video": len(pairs.video),
        "n_text": len(pairs.text),
        "folds": grid.folds,
        "seed": grid.seed,
        "choice": asdict(best),
        "held_out": [_row(choice, values) for choice, values in scores.items()],
    }
    ids = frozenset(str(video) for video in features.video.ids[described])
    return Projection(video, text, ids, about)


def held_out(
    pairs: VectorPairs, grid: Grid, progress: Callable[[str, int, int], None] | None = None
) -> dict[Choice, list[float]]:
    """Return t2v R@1, R@5, R@10 on held-out videos, mean over the folds, of each choice."""
    fold = seeded(grid.seed).permutation(len(pairs.video)) % grid.folds
    parts = [pairs.of_videos(fold == k) for k in range(grid.folds)]
    moments = [part.moments() for part in parts]
    widest = min(pairs.video.shape[1], pairs.text.shape[1])
    widths = sorted({min(width, widest) for width in grid.width})
    scores: dict[Choice, list[list[float]]] = {}
    steps = list(itertools.product(range(grid.folds), grid.reg))
    for done, (k, reg) in enumerate(steps, 1):
        fitted = canonical(functools.reduce(operator.add, moments[:k] + moments[k + 1 :]), reg)
        for width, power in itertools.product(widths, grid.power):
            recall = _recall(parts[k], *fitted.maps(width, power))
            scores.setdefault(Choice(reg, width, power), []).append(recall)
        if progress:
            progress("held-out fits", done, len(steps))
    return {choice: np.mean(values, axis=0).tolist() for choice, values in scores.items()}


def _recall(pairs: VectorPairs, video: Affine, text: Affine) -> list[float]:
    sim = _unit(text(pairs.text)) @ _unit(video(pairs.video)).T
    found = metrics.summary(metrics.ranks(sim, pairs.owner), KS)
    return [found[f"R@{k}"] for k in KS]


def _unit(x: Float) -> Float:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300))


def _row(choice: Choice, values: Sequence[float]) -> dict[str, Any]:
    return {**asdict(choice), **{f"R@{k}": v for k, v in zip(KS, values, strict=True)}}
