"""``seen``: R@1 against the number of test queries that came before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import LINES, MARKS, STAGES, Case, Figure, each_direction
from vrbench.figures.drawing import legend
from vrbench.metrics.ranking import count_ranks
from vrbench.normalizations.apply import apply
from vrbench.normalizations.bank import BankSim
from vrbench.sims.sim import DIRECTIONS, Direction, Sim
from vrbench.sims.truth import Truth, queries_of

if TYPE_CHECKING:
    import pandas as pd


@figures.register("seen")
@dataclass(frozen=True)
class Seen(Figure):
    """R@1 over a stream of queries, with a rolling bank of all earlier queries.

    The queries are put into random orders; R@1 of those between two marks, mean and spread over
    the orders, beside the raw R@1 of the same queries. The v2t rule is best-caption.

    Source: NCL, Limitations ("previous test queries").

    Attributes:
        orders: random orders of the queries.
        marks: parts into which the stream is cut.

    Raises:
        InputError: a parameter is below 1.
    """

    orders: int = 3
    marks: int = 5
    source = "NCL Limitations"
    own_bank = "rolling"

    def __post_init__(self) -> None:
        if self.orders < 1 or self.marks < 1:
            raise InputError("orders and marks must be at least 1.")

    def data(self, case: Case) -> pd.DataFrame:
        """Return direction, stage, queries seen up to the mark, mean and deviation of R@1."""
        import pandas as pd

        rows = []
        for direction in DIRECTIONS:
            found = [self._stream(case, direction, seed) for seed in range(self.orders)]
            for i, stage in enumerate(STAGES):
                for part in range(self.marks):
                    values = [100 * hits[part].mean() for hits, _ in (f[i] for f in found)]
                    row = {"direction": direction, "stage": stage}
                    seen = int(found[0][i][1][part])
                    mean, std = float(np.mean(values)), float(np.std(values))
                    rows.append({**row, "seen": seen, "R@1": mean, "std": std})
        return pd.DataFrame(rows)

    def _stream(self, case: Case, direction: Direction, seed: int) -> Any:
        """Return (hits by part, queries seen at its end) for the raw and the normalized stream."""
        sim, truth = case.sim.flat(), case.source.truth
        n = truth.n_text if direction == "t2v" else truth.n_video
        order = np.random.default_rng(case.settings.seed + seed).permutation(n)
        queries = order if direction == "t2v" else order[truth.captions[order] > 0]
        shuffled, new_truth = _reorder(sim.take(direction, queries), truth, direction, queries)
        rolled = apply(case.norm, shuffled, BankSim("rolling"), new_truth).sim
        return [_parts(_hits(one, new_truth, direction), self.marks) for one in (shuffled, rolled)]

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw R@1 against queries seen."""
        for _, part, panel in each_direction(data, axes):
            apart = part["seen"].max() / 100  # so that error bars do not hide each other
            for stage, rows in part.groupby("stage", sort=False):
                place = rows["seen"] + apart * (STAGES.index(str(stage)) - 0.5)
                style = f"{MARKS[str(stage)]}{LINES[str(stage)]}"
                panel.errorbar(place, rows["R@1"], rows["std"], fmt=style, label=str(stage))
            panel.set_xlabel("queries seen (R@1 of those since the last mark)")
            panel.set_ylabel("R@1, % of queries")
        legend(axes)


def _reorder(
    sim: Sim, truth: Truth, direction: Direction, order: NDArray[np.int64]
) -> tuple[Sim, Truth]:
    """Return the truth that belongs to queries taken in this order."""
    place = np.full(truth.n_text if direction == "t2v" else truth.n_video, -1)
    place[order] = np.arange(len(order))
    if direction == "t2v":
        return sim, replace(truth, text=place[truth.text])
    return sim, replace(truth, video=place[truth.video], n_video=len(order))


def _hits(sim: Sim, truth: Truth, direction: Direction) -> NDArray[np.bool_]:
    queries = queries_of(getattr(sim, direction), truth, direction)
    return np.asarray(count_ranks(queries).ranks() <= 1)


def _parts(
    hits: NDArray[np.bool_], marks: int
) -> tuple[list[NDArray[np.bool_]], NDArray[np.int64]]:
    parts = np.array_split(hits, marks)
    return parts, np.cumsum([len(part) for part in parts])
