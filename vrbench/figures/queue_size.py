"""``queue-size``: R@1 against the number of bank queries, and its spread over banks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.errors import InputError
from vrbench.figures import figures
from vrbench.figures.base import Case, Figure, each_direction
from vrbench.figures.drawing import GREY
from vrbench.normalizations.apply import apply
from vrbench.sims.sim import DIRECTIONS, Direction, Sim

if TYPE_CHECKING:
    import pandas as pd

STYLES = {"test": ("o-", 0.98), "validation": ("s--", 1.02)}
"""Line style of each set, and its horizontal shift."""


@figures.register("queue-size")
@dataclass(frozen=True)
class QueueSize(Figure):
    """R@1 with random parts of the bank, from few queries to all: mean and spread.

    On the test set, and, where the bank's texts name their videos, on the validation half of the
    bank with the other half as bank; ``chosen`` marks the size that each set would choose.
    ``distinct`` is the number of different queries in the whole bank: a longer queue repeats them.

    Source: NCL Figure 5.

    Attributes:
        least: smallest number of bank queries; doubled up to all of them.
        draws: random parts of each size.

    Raises:
        InputError: a parameter is below 1, or there is no bank apart from the test set.
    """

    least: int = 16
    draws: int = 5
    source = "NCL Figure 5"

    def __post_init__(self) -> None:
        if self.least < 1 or self.draws < 1:
            raise InputError("least and draws must be at least 1.")

    def data(self, case: Case) -> pd.DataFrame:
        """Return direction, set, bank queries, mean and standard deviation of R@1, chosen."""
        import pandas as pd

        if case.bank.sim is None:
            raise InputError(
                "queue-size needs a bank apart from the test set: --bank train or a file."
            )
        cases = {"test": case}
        if case.bank_kind == "train":
            try:
                held = case.source.held_out(0.5, case.settings.seed)
                cases["validation"] = replace(case, source=held)
            except InputError:
                pass  # it is not known which bank text belongs to which bank video
        rows = [
            row
            for name, one in cases.items()
            for direction in DIRECTIONS
            for row in self._curve(one, name, direction)
        ]
        return pd.DataFrame(rows)

    def _curve(self, case: Case, name: str, direction: Direction) -> list[dict[str, Any]]:
        rng = np.random.default_rng(case.settings.seed)
        n = case.bank.size(case.source.truth)[DIRECTIONS.index(direction)]
        distinct = case.bank.distinct[DIRECTIONS.index(direction)]
        sizes = [*_doubled(self.least, n), n] if n else []
        curve: list[dict[str, Any]] = []
        for size in sizes:
            draws = self.draws if size < n else 1
            found = [self._recall(case, direction, rng.permutation(n)[:size]) for _ in range(draws)]
            row = {"direction": direction, "set": name, "bank": size, "distinct": distinct}
            curve.append({**row, "R@1": float(np.mean(found)), "std": float(np.std(found))})
        best = int(np.argmax([row["R@1"] for row in curve])) if curve else 0
        return [{**row, "chosen": i == best} for i, row in enumerate(curve)]

    def _recall(self, case: Case, direction: Direction, part: Any) -> float:
        bank = case.bank
        assert bank.sim is not None  # data() has checked it
        part = np.sort(part)
        only = Sim(*(None if d != direction else getattr(case.sim, d) for d in DIRECTIONS))
        some = replace(bank, sim=bank.sim.take(direction, part))
        if bank.captions is not None:
            some = replace(some, captions=bank.captions[part] if direction == "v2t" else None)
        normalized = apply(case.norm, only, some, case.source.truth).sim
        return case.recall(normalized, direction)

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of curves with a legend above them."""
        return 2.0

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw R@1 against bank queries, with the spread as error bars."""
        from matplotlib.ticker import FixedLocator, NullFormatter

        for _, part, panel in each_direction(data, axes):
            for name, rows in part.groupby("set", sort=False):
                style, apart = STYLES[str(name)]
                place = rows["bank"] * apart  # so that error bars do not hide each other
                panel.errorbar(place, rows["R@1"], rows["std"], fmt=style, label=str(name))
                best, color = rows[rows["chosen"]], panel.lines[-1].get_color()
                panel.plot(best["bank"] * apart, best["R@1"], "*", color=color, markersize=9)
                panel.axvline(rows["distinct"].iloc[0] * apart, color=color, linestyle=":")
            sizes = _doubled(int(part["bank"].min()), int(part["bank"].max()) + 1)
            panel.set_xscale("log", base=2)
            panel.set_xticks(sizes[::2], [f"{size:,}" for size in sizes[::2]])
            panel.xaxis.set_minor_locator(FixedLocator(sizes))
            panel.xaxis.set_minor_formatter(NullFormatter())
            panel.set_xlabel("bank queries (log scale)")
            panel.set_ylabel("R@1, % of queries")
        panels = [panel for panel in axes if panel.figure is not None]
        marks = [
            *panels[-1].plot([], [], "*", color=GREY, markersize=7, label="size chosen"),
            *panels[-1].plot([], [], ":", color=GREY, label="distinct queries"),
        ]
        low, high = panels[0].get_ylim()
        panels[0].set_ylim(low, high + 0.35 * (high - low))  # room for the legends
        first = panels[0].get_legend_handles_labels()[0]
        if len(panels) > 1:
            panels[0].legend(handles=first[: data["set"].nunique()], loc="upper left")
            panels[1].legend(handles=marks, loc="upper left")
        else:
            panels[0].legend(handles=first, loc="upper left", ncols=2)


def _doubled(start: int, stop: int) -> list[int]:
    sizes = []
    while start < stop:
        sizes.append(start)
        start *= 2
    return sizes
