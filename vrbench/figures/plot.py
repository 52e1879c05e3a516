"""Writing figures: the numbers as CSV, and a picture where matplotlib is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from vrbench import results
from vrbench.evaluation.evaluation import Evaluation
from vrbench.figures import figures
from vrbench.figures.base import Figure
from vrbench.normalizations import normalizations
from vrbench.runtime.files import replacing
from vrbench.runtime.printable import csv_cell, one_line

if TYPE_CHECKING:
    import pandas as pd

PICTURES = ("png", "svg")

Looked = TypeVar("Looked", contravariant=True)


class Drawn(Protocol[Looked]):
    """What can be plotted of something: a figure of a case, or the curves of a head."""

    @property
    def panels(self) -> tuple[int, int]:
        """Rows and columns of axes."""

    def caption(self, case: Looked, /) -> str:
        """Return what the picture is of."""

    def data(self, case: Looked, /) -> pd.DataFrame:
        """Return the numbers."""

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw them."""


def draw(
    figure: Figure,
    evaluation: Evaluation,
    method: str,
    norm: str | None,
    folder: Path,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[pd.DataFrame, list[Path]]:
    """Make a figure of an evaluation under one method and norm; its files are named by these.

    Args:
        figure: the figure.
        evaluation: the data and settings.
        method: spec of the alignment; not read where similarities are given.
        norm: spec; None: ``ncl`` where a norm takes part in the figure.
        folder: of the files.
        progress: called as scoring proceeds.

    Returns:
        The numbers, and the files written.

    Raises:
        InputError: a spec cannot be read, the norm has no bank, or the figure cannot be made.
    """
    norm = norm or ("ncl" if figure.normalized else "none")
    case = evaluation.case(method, norm, progress)
    head = case.source.head
    key = results.identity({"of": case.title(), **({"head": head.sha256} if head else {})})
    dataset, spec = str(case.source.about["dataset"]), normalizations.spec(case.norm)
    return plot(figure, case, results.stem(figures.spec(figure), dataset, spec, key), folder)


def plot(
    figure: Drawn[Looked], case: Looked, name: str, folder: Path
) -> tuple[pd.DataFrame, list[Path]]:
    """Write ``name.csv``, and with matplotlib ``name.png`` and ``name.svg``.

    Args:
        figure: the figure.
        case: the data, method and norm.
        name: stem of the files.
        folder: made where it is missing.

    Returns:
        The numbers, and the files written.

    Raises:
        InputError: the figure cannot be made of this case, or the folder cannot be written.
    """
    data = figure.data(case)
    written = [folder / f"{name}.csv"]
    with replacing(written[0]) as temporary:
        _with_words(data, csv_cell).to_csv(temporary, index=False)
    if find_spec("matplotlib") is not None:
        written += _pictures(figure, data, figure.caption(case), name, folder)
    return data, written


def _with_words(data: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    """Return the frame with its strings made printable."""
    from pandas.api.types import is_numeric_dtype

    words = [name for name in data.columns if not is_numeric_dtype(data[name])]
    return data.assign(**{name: data[name].map(change) for name in words})


def _in_picture(words: Any) -> Any:
    """Return text for matplotlib: on one line, and not read as a formula."""
    return one_line(words).replace("$", r"\$") if isinstance(words, str) else words


def _pictures(
    figure: Drawn[Any], data: pd.DataFrame, title: str, name: str, folder: Path
) -> list[Path]:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    rows, columns = figure.panels
    canvas = Canvas(figsize=(5.5 * columns, 4 * rows + 0.5), layout="constrained")
    FigureCanvasAgg(canvas)
    figure.draw(_with_words(data, _in_picture), canvas.subplots(rows, columns))
    canvas.suptitle(_in_picture(title), fontsize=9)
    paths = [folder / f"{name}.{kind}" for kind in PICTURES]
    # so that the same numbers give the same bytes: ids by hash, and no date
    with rc_context({"svg.hashsalt": name}):
        for path in paths:
            undated = {"Date": None} if path.suffix == ".svg" else None
            with replacing(path) as temporary:
                canvas.savefig(temporary, dpi=150, metadata=undated)
    return paths
