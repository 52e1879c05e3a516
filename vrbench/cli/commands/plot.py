"""``vrbench plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vrbench.cli.app import Quiet, command, note, say
from vrbench.cli.elsewhere import Cluster, Mixed, Processes
from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench.figures.plot import Look


@command("plot", results=True)
def plot(
    name: Annotated[
        str | None, typer.Argument(help="Figure spec. Without it: the list of all figures.")
    ] = None,
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
    format_: Annotated[
        Literal["pdf", "svg", "png"] | None,
        typer.Option("--format", help="Of the picture. Default: both png and svg."),
    ] = None,
    width: Annotated[
        float | None,
        typer.Option(help="Inches of the picture. Default: 3.35, a column of a paper."),
    ] = None,
    title: Annotated[
        bool, typer.Option("--title", help="Write above the picture what it is of.")
    ] = False,
    processes: Processes = None,
    cluster: Cluster = None,
    mixed: Mixed = False,
    quiet: Quiet = False,
) -> None:
    """Make a figure: its numbers as CSV, and a picture where matplotlib is installed.

    The picture is made for a column of a paper: text of 7 to 8 points, and no title.

    Examples:
      vrbench plot probability-sums

      vrbench plot training head.safetensors

      vrbench plot hubs f.h5 --format pdf --width 6.9

      vrbench plot queue-size:draws=10 f.h5 --method global --norm ncl

      vrbench plot recalls clips.h5 --method global --sequence dtw --norm ncl --bank test
    """
    from vrbench.cli.catalogue import CATALOGUE
    from vrbench.cli.opening import open_evaluation
    from vrbench.cli.printing.eval import announce
    from vrbench.cli.printing.listing import print_entries
    from vrbench.cli.printing.progress import bars
    from vrbench.evaluation.elsewhere import backend_of
    from vrbench.evaluation.settings import Compute, Settings
    from vrbench.figures import figures
    from vrbench.figures.plot import Look, draw, norm_of
    from vrbench.figures.training import NAME

    if name is None:
        print_entries("figures", CATALOGUE["figures"]())
        return
    look = Look(format_, width, title)
    if name.partition(":")[0].strip() == NAME:
        if name.strip() != NAME:
            raise InputError(f"training has no parameters: write it in place of '{name}'.")
        if head is not None:
            raise InputError("training takes the head file itself: give it in place of features.")
        _training(features, out, quiet, look)
        return
    figure = figures.parse(name, others=[NAME])
    settings = Settings(seed=seed)
    with backend_of(processes, cluster, mixed, from_sim) as backend:
        compute = Compute(backend=backend)
        opened = open_evaluation(features, from_sim, bank, sequence, settings, compute, head)
        if not quiet:
            announce(opened, opened.jobs([method or opened.method], [norm or norm_of(figure)]))
        with bars(quiet) as progress:
            _, written = draw(figure, opened, method or opened.method, norm, out, progress, look)
    _conclude(written, quiet)


def _training(head: Path | None, out: Path, quiet: bool, look: Look) -> None:
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
    _, written = plots.plot(TrainingCurves(), learnt, stem, out, look)
    _conclude(written, quiet)


def _conclude(written: list[Path], quiet: bool) -> None:
    for file in written:
        say(str(file))
    if len(written) == 1 and not quiet:
        note("Note: only the numbers were written; pip install 'vrbench[plots]' adds the picture.")
