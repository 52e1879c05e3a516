"""The one style of all figures: of the width of a paper's column, text of 7 to 8 points, vectors.

Colours are six of Okabe and Ito's, which colour-blind readers tell apart; markers, lines and
hatching tell the same things apart without colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from vrbench.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

WIDTH = 3.35
"""Inches of a column of a paper in two columns."""
NARROWEST, WIDEST = 2.0, 20.0

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = "os^vDP"
TIMES, MINUS, DASH = "\u00d7", "\u2212", "\u2013"
LINE = 0.15
"""Inches of a line of a title."""
LONGEST = 20
"""Letters of a name beside an axis."""
GREY = "#777777"
SMALL = 7
"""Points of the smallest text."""

STYLE: Mapping[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "sans-serif"],
    "mathtext.fontset": "dejavusans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "figure.labelsize": 8,
    "figure.titlesize": 8,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.titlepad": 3,
    "axes.labelpad": 2,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "lines.linewidth": 1,
    "lines.markersize": 3,
    "hatch.linewidth": 0.5,
    "patch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.handletextpad": 0.4,
    "legend.columnspacing": 1.2,
    "legend.borderaxespad": 0.2,
    "legend.labelspacing": 0.3,
    "figure.constrained_layout.w_pad": 0.02,
    "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.wspace": 0.03,
    "figure.constrained_layout.hspace": 0.03,
    "savefig.dpi": 300,
    # text stays text, which can be searched and set in another font
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}


def styled(salt: str = "") -> AbstractContextManager[None]:
    """Draw and write in this style; the names of parts of an SVG depend on ``salt``."""
    from cycler import cycler
    from matplotlib import rc_context

    given: Any = {**STYLE, "axes.prop_cycle": cycler(color=COLORS), "svg.hashsalt": salt}
    return rc_context(given)


def size(panels: tuple[int, int], height: float, width: float | None) -> tuple[float, float]:
    """Return width and height in inches; ``height`` is that of a row in a paper's column.

    Raises:
        InputError: the width is out of range.
    """
    wide = WIDTH if width is None else width
    if not NARROWEST <= wide <= WIDEST:
        raise InputError(f"width is from {NARROWEST:g} to {WIDEST:g} inches, not {wide:g}.")
    return wide, panels[0] * height * wide / WIDTH


def share_y(panels: Sequence[Any]) -> None:
    """Let panels that stand beside each other have one y axis, with numbers on the first."""
    for panel in panels[1:]:
        panel.sharey(panels[0])
        panel.tick_params(axis="y", labelleft=False)


def merge(panels: Sequence[Any]) -> Any:
    """Put one panel in the place of a row of them, and return it."""
    first, last = panels[0], panels[-1]
    grid = first.get_subplotspec().get_gridspec()
    row, column = first.get_subplotspec().rowspan, first.get_subplotspec().colspan
    first.set_subplotspec(grid[row.start, column.start : last.get_subplotspec().colspan.stop])
    for panel in panels[1:]:
        panel.remove()
    return first


def legend(panels: Sequence[Any], columns: int = 3) -> None:
    """Put one legend above all panels, with each label of them once."""
    found: dict[str, Any] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        canvas = panels[0].figure
        canvas.legend(found.values(), found, loc="outside upper center", ncols=columns)


def finish(canvas: Canvas) -> None:
    """Write once what panels beside each other have in common: the labels of their axes."""
    rows: dict[int, list[Any]] = {}
    for panel in canvas.axes:
        if (place := panel.get_subplotspec()) is not None:
            rows.setdefault(place.rowspan.start, []).append(panel)
    for row in rows.values():
        for panel in row[1:]:
            if panel.get_ylabel() == row[0].get_ylabel():
                panel.set_ylabel("")
    panels = [panel for row in rows.values() for panel in row]
    below = {panel.get_xlabel() for panel in panels}
    if len(below) == 1 and len(panels) > 1:
        for panel in panels:
            panel.set_xlabel("")
        canvas.supxlabel(below.pop())


def letters(width: float) -> int:
    """Return how many letters a line above all panels has room for; the width is in inches."""
    return int(15 * width)


def short(text: str) -> str:
    """Return a name that stands beside an axis, cut where it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\u2026"


def lines_of(text: str, width: int, most: int) -> str:
    """Return text on at most so many lines of so many letters; what is cut off ends in dots."""
    return "\n".join(wrap(text, width, max_lines=most, placeholder="\u2026"))
