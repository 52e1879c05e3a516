"""``pooling``: recall against the tokens that are left after pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vrbench.errors import InputError
from vrbench.features.pooling import pooled
from vrbench.figures import figures
from vrbench.figures.base import Case, Figure, each_direction
from vrbench.figures.drawing import MARKERS, legend
from vrbench.sims.sim import DIRECTIONS

if TYPE_CHECKING:
    import pandas as pd

    from vrbench.features import Tokens

KS = (1, 5, 10)


@figures.register("pooling")
@dataclass(frozen=True)
class Pooling(Figure):
    """R@K with ever fewer tokens an item, pooled as ``vrbench pool`` does: Ward on 1 - cosine.

    Factors are 1, 2, 3, 4, 6, 8 and so on; the share of tokens that is left is over all items of
    the pooled sides. Methods of global vectors do not change.

    Source: Clavie et al., arXiv:2409.14683.

    Attributes:
        most: the largest factor.
        side: whose tokens are pooled.

    Raises:
        InputError: ``most`` is below 2.
    """

    most: int = 12
    side: Literal["both", "text", "video"] = "both"
    source = "Clavie et al., arXiv:2409.14683"
    needs = "features"
    normalized = False

    def __post_init__(self) -> None:
        if self.most < 2:
            raise InputError(f"most must be at least 2, it is {self.most}.")

    def data(self, case: Case) -> pd.DataFrame:
        """Return direction, factor, percent of the tokens left, and R@K in percent."""
        import pandas as pd

        features = case.features("pooling", "a feature file")
        whole = {"text": features.text, "video": features.video}
        sides = {name: side.block(0, len(side)) for name, side in whole.items()}
        return pd.DataFrame(
            [row for factor in _factors(self.most) for row in self._rows(case, sides, factor)]
        )

    def _rows(self, case: Case, sides: dict[str, Tokens], factor: int) -> list[dict[str, Any]]:
        from vrbench.alignments.engine.driver import score

        assert case.method is not None  # of a feature file
        chosen = sides if self.side == "both" else {self.side: sides[self.side]}
        fewer = {name: pooled(side, factor) for name, side in chosen.items()}
        kept, total = (sum(int(s.offsets[-1]) for s in d.values()) for d in (fewer, chosen))
        made = {**sides, **fewer}
        how = case.compute
        sim = score(
            made["text"],
            made["video"],
            case.method,
            precision=how.precision,
            device=how.device,
            workers=how.workers,
        ).flat()
        rows = []
        for direction in DIRECTIONS:
            ranks = case.ranks(sim, direction)
            recalls = {f"R@{k}": 100 * float(np.mean(ranks <= k)) for k in KS}
            row = {"direction": direction, "factor": factor, "tokens left": 100 * kept / total}
            rows.append({**row, **recalls})
        return rows

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw a line for each K."""
        names = [f"R@{k}" for k in KS]
        for _, part, panel in each_direction(data, axes):
            for name, marker in zip(names, MARKERS, strict=False):
                panel.plot(part["tokens left"], part[name], f"{marker}-", label=name)
            panel.set_xlim(left=0)
            panel.set_ylim(0, 1.05 * data[names].to_numpy().max())
            panel.set_xlabel("tokens left, percent")
            panel.set_ylabel("R@K, percent")
        legend(axes)


def _factors(most: int) -> list[int]:
    """Return 1, 2, 3, 4, 6, 8, 12, ... up to ``most``."""
    steps = [1, *(f for i in range(1, 30) for f in (2**i, 3 * 2 ** (i - 1)))]
    return sorted(factor for factor in steps if factor <= most)
