"""``vrbench plot``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vrbench.cli.app import command, note, say
from vrbench.cli.elsewhere import Cluster, Mixed, Processes
from vrbench.errors import InputError


@command("plot")
def plot(
    name: Annotated[str, typer.Argument(help="Figure spec; vrbench list figures has them all.")],
    features: Annotated[
        Path | None,
        typer.Argument(
            help="A feature file (Default: the bundled one); to training the head file."
        ),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Alignment spec. Default: the head's, else tokenflow.")
    ] = None,
    norm: Annotated[
        str | None,
        typer.Option(help="Normalization spec. Default: ncl, where the figure uses a norm."),
    ] = None,
    sequence: Annotated[str | None, typer.Option(help="As in eval.")] = None,
    head: Annotated[Path | None, typer.Option(help="As in eval.")] = None,
    bank: Annotated[str | None, typer.Option(help="As in eval.")] = None,
    from_sim: Annotated[
        Path | None, typer.Option(help="Use this similarity file (npz) instead.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of random draws.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the files.")] = Path("results"),
    processes: Processes = None,
    cluster: Cluster = None,
    mixed: Mixed = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Make a figure: its numbers as CSV, and PNG and SVG where matplotlib is installed.

    Examples:
      vrbench plot probability-sums

      vrbench plot training head.safetensors

      vrbench plot queue-size:draws=10 f.h5 --method global --norm ncl

      vrbench plot recalls clips.h5 --method global --sequence dtw --norm ncl --bank test
    """
    from contextlib import nullcontext

    from vrbench.cli.opening import open_evaluation
    from vrbench.cli.printing.progress import Bars
    from vrbench.evaluation.elsewhere import backend_of
    from vrbench.evaluation.settings import Compute, Settings
    from vrbench.figures import figures
    from vrbench.figures.plot import draw
    from vrbench.figures.training import NAME

    if name == NAME:
        if head is not None:
            raise InputError("training takes the head file itself: give it in place of features.")
        _training(features, out, quiet)
        return
    figure = figures.parse(name)
    settings = Settings(seed=seed)
    with backend_of(processes, cluster, mixed) as backend:
        compute = Compute(backend=backend)
        opened = open_evaluation(features, from_sim, bank, sequence, settings, compute, head)
        with nullcontext() if quiet else Bars() as bars:
            _, written = draw(figure, opened, method or opened.method, norm, out, bars)
    _conclude(written, quiet)


def _training(head: Path | None, out: Path, quiet: bool) -> None:
    """Plot the curves of a head."""
    from vrbench import results
    from vrbench.figures import plot as plots
    from vrbench.figures.training import NAME, TrainingCurves
    from vrbench.heads import load

    if head is None:
        raise InputError("training is plotted of a head: vrbench plot training H.safetensors.")
    learnt = load(head)
    key = results.identity({"of": learnt.sha256})
    stem = results.stem(NAME, head.stem, learnt.spec.spec, key)
    _, written = plots.plot(TrainingCurves(), learnt, stem, out)
    _conclude(written, quiet)


def _conclude(written: list[Path], quiet: bool) -> None:
    for file in written:
        say(str(file))
    if len(written) == 1 and not quiet:
        note("Note: only the numbers were written; pip install 'vrbench[plots]' adds the picture.")
