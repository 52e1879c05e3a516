"""Writing figures: the numbers as CSV, and a picture where matplotlib is installed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from vrbench import results
from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.figures import drawing, figures
from vrbench.figures.base import Figure
from vrbench.normalizations import normalizations
from vrbench.runtime.files import replacing
from vrbench.runtime.printable import csv_cell, one_line
from vrbench.runtime.progress import Progress, phase

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Canvas

PictureFormat = Literal["pdf", "png", "svg"]
PICTURES: tuple[PictureFormat, ...] = ("png", "svg")
UNDATED: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None},
    "png": {},
    "svg": {"Date": None},
}
"""So that the same numbers give the same bytes."""

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

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of a row of panels in a paper's column."""

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw them."""


@dataclass(frozen=True)
class Look:
    """How a picture is written.

    Attributes:
        form: its only format; None: PNG and SVG.
        width: inches; None: a column of a paper.
        title: whether it says above itself what it is of. Its file says so anyway, as its title.

    Raises:
        InputError: there is no such format, or the width is out of range.
    """

    form: PictureFormat | None = None
    width: float | None = None
    title: bool = False

    def __post_init__(self) -> None:
        if self.form is not None and self.form not in UNDATED:
            raise InputError(f"A picture is pdf, png or svg, not '{self.form}'.")
        drawing.size((1, 1), 1, self.width)


def norm_of(figure: Figure) -> str:
    """Return the norm where none is asked for."""
    return "ncl" if figure.normalized else "none"


def draw(
    figure: Figure,
    evaluation: Evaluation,
    method: str,
    norm: str | None,
    folder: Path,
    progress: Progress | None = None,
    look: Look | None = None,
) -> tuple[pd.DataFrame, list[Path]]:
    """Make a figure of an evaluation under one method and norm; its files are named by these.

    Args:
        figure: the figure.
        evaluation: the data and settings.
        method: spec of the alignment; not read where similarities are given.
        norm: spec; None: ``ncl`` where a norm takes part in the figure.
        folder: of the files.
        progress: called as scoring proceeds.
        look: how the picture is written.

    Returns:
        The numbers, and the files written.

    Raises:
        InputError: a spec cannot be read, the norm has no bank, or the figure cannot be made.
    """
    norm = norm or norm_of(figure)
    case = evaluation.case(method, norm, progress)
    head = case.source.head
    key = results.identity({"of": case.title(), **({"head": head.sha256} if head else {})})
    dataset, spec = str(case.source.about["dataset"]), normalizations.spec(case.norm)
    stem = results.stem(figures.spec(figure), dataset, spec, key)
    return plot(figure, case, stem, folder, look, progress)


def plot(
    figure: Drawn[Looked],
    case: Looked,
    name: str,
    folder: Path,
    look: Look | None = None,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, list[Path]]:
    """Write ``name.csv``, and with matplotlib the picture, by default as PNG and SVG.

    Args:
        figure: the figure.
        case: the data, method and norm.
        name: stem of the files.
        folder: made where it is missing.
        look: how the picture is written.
        progress: is told when the numbers and the picture are being made.

    Returns:
        The numbers, and the files written.

    Raises:
        InputError: the figure cannot be made of this case, it is one from outside that raises, or
            the folder cannot be written.
    """
    with phase(f"{name} (numbers)", progress), _calling(figure):
        data = _frame(figure, case)
        caption = figure.caption(case)
    written = [folder / f"{name}.csv"]
    with replacing(written[0]) as temporary:
        _with_words(data, csv_cell).to_csv(temporary, index=False)
    if find_spec("matplotlib") is not None:
        with phase(f"{name} (picture)", progress):
            written += _pictures(figure, data, caption, folder / name, look or Look())
    return data, written


def _calling(figure: Drawn[Any]) -> AbstractContextManager[None]:
    """Say whose a figure from outside is, of what it raises in this context."""
    return figures.calling(figure) if isinstance(figure, Figure) else nullcontext()


def _frame(figure: Drawn[Looked], case: Looked) -> pd.DataFrame:
    """Return the numbers of a figure.

    Raises:
        InputError: it gives something else than a DataFrame.
    """
    from pandas import DataFrame

    data = figure.data(case)
    if isinstance(figure, Figure) and not isinstance(data, DataFrame):
        raise InputError(
            f"The figure '{figures.spec(figure)}' returns {type(data).__name__} as its data: it "
            "has to return a pandas DataFrame."
        )
    return data


def _with_words(data: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    """Return the frame with its strings made printable."""
    from pandas.api.types import is_numeric_dtype

    words = [name for name in data.columns if not is_numeric_dtype(data[name])]
    return data.assign(**{name: data[name].map(change) for name in words})


def _in_picture(words: Any) -> Any:
    """Return text for matplotlib: on one line, and not read as a formula."""
    return one_line(words).replace("$", r"\$") if isinstance(words, str) else words


def picture(figure: Drawn[Any], data: pd.DataFrame, title: str, look: Look) -> Canvas:
    """Draw a figure, in the style that ``drawing.styled`` has set."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    wide, high = drawing.size(figure.panels, figure.height(data), look.width)
    said = drawing.lines_of(_in_picture(title), drawing.letters(wide), 3) if look.title else ""
    high += drawing.LINE * len(said.splitlines())
    canvas = Canvas(figsize=(wide, high), layout="constrained")
    FigureCanvasAgg(canvas)
    figure.draw(_with_words(data, _in_picture), canvas.subplots(*figure.panels))
    drawing.finish(canvas)
    if said and canvas.legends:
        canvas.legends[0].set_title(said)  # a title of the picture would lie on the legend
    elif said:
        canvas.suptitle("\n".join(filter(None, [said, canvas.get_suptitle()])))
    return canvas


def _pictures(
    figure: Drawn[Any], data: pd.DataFrame, title: str, stem: Path, look: Look
) -> list[Path]:
    paths = []
    # it warns of the dates in the fonts that go into a PDF
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    with drawing.styled(stem.name):
        with _calling(figure):
            canvas = picture(figure, data, title, look)
        for kind in (look.form,) if look.form else PICTURES:
            path = stem.with_name(f"{stem.name}.{kind}")
            with replacing(path) as temporary:
                about = {"Title": one_line(title), **UNDATED[kind]}
                canvas.savefig(temporary, format=kind, metadata=about)
            paths.append(path)
    return paths
