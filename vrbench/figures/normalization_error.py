"""``normalization-error``: before and after, beside a perfect and a random matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.figures import figures
from vrbench.figures.base import Case, Figure, each_direction
from vrbench.figures.drawing import SMALL
from vrbench.metrics.diagnostics import ProbabilitySums
from vrbench.metrics.ranking import fold
from vrbench.normalizations.apply import apply
from vrbench.normalizations.bank import BankSim
from vrbench.normalizations.ncl import NCL
from vrbench.sims.sim import DIRECTIONS, Direction, Sim

if TYPE_CHECKING:
    import pandas as pd

ITERATIONS = 1000


@figures.register("normalization-error")
@dataclass(frozen=True)
class NormalizationErrors(Figure):
    """Normalization error of both directions, raw and normalized.

    ``random`` is a matrix of independent normal numbers with the raw matrix's mean and spread;
    ``oracle`` is ``ncl:iterations=1000`` on the test matrix itself: 0 with one text a video.

    Source: NCL Figure 2 (eq. 5).
    """

    source = "NCL Figure 2"

    def data(self, case: Case) -> pd.DataFrame:
        """Return direction, stage, error (None for a norm with another scale) and gamma."""
        import pandas as pd

        truth, gamma = case.items("normalization-error").truth, case.norm.gamma
        raw = case.sim.flat()
        oracle = NCL(gamma=gamma, iterations=ITERATIONS)
        stages: dict[str, Sim] = {
            **case.stages(),
            "oracle": apply(oracle, raw, BankSim("test"), truth).sim,
            "random": _random_like(raw, case.settings.seed),
        }
        rows = []
        for direction in DIRECTIONS:
            for stage, sim in stages.items():
                known = stage != "normalized" or case.norm.keeps_scale
                error = _error(case, sim, direction, gamma) if known else None
                row = {"direction": direction, "stage": stage, "error": error}
                rows.append({**row, "gamma": gamma})
        return pd.DataFrame(rows)

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of four bars."""
        return 1.25

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw a bar for each stage, of both directions on the same scale."""
        most = data["error"].astype(float).max()
        for _, part, panel in each_direction(data, axes):
            errors = part["error"].astype(float)
            bars = panel.barh(part["stage"], errors.fillna(0), 0.7)
            labels = ["no cosines" if e != e else f"{e:.3f}" for e in errors]
            panel.bar_label(bars, labels, padding=2, fontsize=SMALL)
            panel.set_title(f"{panel.get_title()}\n$\\gamma$ = {part['gamma'].iloc[0]:g}")
            panel.set_xlim(0, 1.45 * (most or 1))
            panel.set_xlabel("normalization error (0 is fair)")
        axes[0].invert_yaxis()


def _error(case: Case, sim: Sim, direction: Direction, gamma: float) -> float:
    queries = case.queries(sim, direction)
    sums = ProbabilitySums(queries, gamma)
    fold(queries, [sums])
    return sums.error


def _random_like(sim: Sim, seed: int) -> Sim:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(sim.t2v.mean(), sim.t2v.std(), sim.t2v.shape)
    return replace(sim, t2v=matrix, v2t=matrix)
