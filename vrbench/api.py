"""What the commands do, as functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.settings import Settings
from vrbench.heads.head import Head
from vrbench.heads.scoring import Given, as_head
from vrbench.results.result import Result, load, load_all, with_ranks

if TYPE_CHECKING:
    import pandas as pd

    from vrbench.evaluation.tuning import Tuning
    from vrbench.figures.plot import PictureFormat
    from vrbench.results.comparison import Comparison
    from vrbench.tables import Table


def compare(
    *results: Result | Sequence[Result] | str | Path,
    common: bool = False,
    top: int = 10,
    draws: int = 9999,
    seed: int = 0,
    baseline: bool = False,
    also: Sequence[str] = (),
) -> Comparison:
    """Test results against each other, query by query, as ``vrbench compare --json``.

    Args:
        results: results, lists of them, result files or folders of them: two results or more.
        common: join results over different items on the queries that all have.
        top: queries listed that changed most.
        draws: of the bootstrap.
        seed: of the draws.
        baseline: test the others against the first result only.
        also: further metrics to test, means over the queries: MRR, mAP, nDCG@10, ...

    Raises:
        InputError: a file is missing or no result, or results cannot be paired.
    """
    from vrbench.results.compare import compare as test

    given = [one for some in results for one in _results(some)]
    return test(given, common, top, draws, seed, baseline, also)


def tune(
    data: Any,
    norm: str = "ncl",
    method: str | None = None,
    *,
    grid: Mapping[str, Sequence[Any]] | None = None,
    bank: Any = None,
    sequence: str | None = None,
    head: Given | None = None,
    direction: Literal["t2v", "v2t", "both"] = "both",
    share: float = 0.5,
    seed: int = 0,
    out: str | Path | None = None,
) -> Tuning:
    """Choose a normalization's parameters on held-out videos of the bank, then measure once.

    Args:
        data: a feature file with a bank, or a similarity file that holds the bank against itself;
            open or its path.
        norm: spec; parameters given in it stay.
        method: spec of the alignment; not read where similarities are given. None: the one that
            the head was trained with, else ``tokenflow``.
        grid: values to try by parameter; None: the normalization's own list.
        bank: ``train`` or ``test``, as in ``vrbench.evaluate``.
        sequence: spec of a sequence alignment.
        head: as in ``vrbench.evaluate``.
        direction: whose R@1 decides.
        share: of the bank's videos that validates.
        seed: of the split.
        out: folder of the result file; None: none is written.

    Returns:
        ``spec`` chosen, ``curve`` tried, and the ``result`` on the test set.

    Raises:
        InputError: something in the input is wrong; the sentence says what.
    """
    from vrbench.evaluation.tuning import choose, measured
    from vrbench.registry import format_value

    evaluation = Evaluation.open(
        data, Settings(seed=seed), bank=bank, sequence=sequence, head=_head(head)
    )
    method = evaluation.method if method is None else method
    tried = grid and {key: [format_value(value) for value in grid[key]] for key in grid}
    how: dict[str, Any] = {"direction": direction, "share": share, "seed": seed}
    tuning = choose(evaluation, method, norm, tried, **how)
    return measured(tuning, evaluation, method, None if out is None else Path(out))


def table(
    name: str | None = None,
    results: Result | Sequence[Result] | str | Path = (),
    *,
    system: str | None = None,
) -> Table:
    """Return a paper's table beside what was measured, or all results; it reads as Markdown.

    Args:
        name: ``tokenflow-1`` to ``norton-9``; None: all results.
        results: results, a list of them, a result file or a folder of them.
        system: every published number of this system instead.

    Raises:
        InputError: no table or system has this name, or a file is missing.
    """
    from vrbench import tables
    from vrbench.tables.systems import system_table

    if system is not None:
        if name is not None:
            raise InputError(f"Give a table or a system, not both: {name} and {system}.")
        return system_table(system)
    values = with_ranks(_results(results))
    return tables.paper_table(name, values) if name else tables.results_table(values)


def plot(
    name: str,
    data: Any,
    method: str | None = None,
    norm: str | None = None,
    bank: Any = None,
    *,
    text_video: Any = None,
    sequence: str | None = None,
    head: Given | None = None,
    seed: int = 0,
    out: str | Path = "results",
    format: PictureFormat | None = None,  # noqa: A002  as the option is called
    width: float | None = None,
    title: bool = False,
) -> tuple[pd.DataFrame, list[Path]]:
    """Make a figure: its numbers, and the files written (CSV, with matplotlib a picture).

    Args:
        name: spec of the figure.
        data: what ``vrbench.evaluate`` takes.
        method: spec of the alignment; not read where similarities are given. None: the one that
            the head was trained with, else ``tokenflow``.
        norm: spec; None: ``ncl`` where a norm takes part in the figure.
        bank: as in ``vrbench.evaluate``.
        text_video: (n_text,) row of each text's video, for arrays.
        sequence: spec of a sequence alignment.
        head: as in ``vrbench.evaluate``.
        seed: of what is drawn at random.
        out: folder of the files.
        format: ``pdf``, ``svg`` or ``png``; None: the last two.
        width: inches of the picture; None: 3.35, a column of a paper.
        title: whether the picture says above itself what it is of.

    Raises:
        InputError: something in the input is wrong; the sentence says what.
    """
    from vrbench.figures import figures
    from vrbench.figures.plot import Look, draw

    look = Look(format, width, title)
    figure, settings = figures.parse(name), Settings(seed=seed)
    evaluation = Evaluation.open(
        data, settings, bank=bank, sequence=sequence, text_video=text_video, head=_head(head)
    )
    return draw(figure, evaluation, method or evaluation.method, norm, Path(out), look=look)


def _head(given: Given | None) -> Head | None:
    return None if given is None else as_head(given)


def _results(given: Result | Sequence[Result] | str | Path) -> list[Result]:
    """Return the results of what was given."""
    if isinstance(given, Result):
        return [given]
    if not isinstance(given, str | Path):
        return list(given)
    path = Path(given)
    if not path.exists():
        raise InputError(f"{path} does not exist: give result files of vrbench eval.")
    return load_all(path)[0] if path.is_dir() else [load(path)]
