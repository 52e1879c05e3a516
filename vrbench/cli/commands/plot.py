"""``vrbench plot``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vrbench.cli.app import command, note, say
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
    method: Annotated[str, typer.Option(help="Alignment spec.")] = "tokenflow",
    norm: Annotated[
        str | None,
        typer.Option(
            help="Normalization spec. Default: ncl, where a norm takes part in the figure."
        ),
    ] = None,
    sequence: Annotated[str | None, typer.Option(help="As in eval.")] = None,
    bank: Annotated[str | None, typer.Option(help="As in eval.")] = None,
    from_sim: Annotated[
        Path | None, typer.Option(help="Look at this similarity file (npz) instead.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn at random.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the files.")] = Path("results"),
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

    from vrbench import results
    from vrbench.alignments import parse_method
    from vrbench.bundled import bundled_features
    from vrbench.cli.printing.progress import Bars
    from vrbench.evaluation.plan import Settings, bank_kind, parse_norm
    from vrbench.evaluation.sources.base import Compute
    from vrbench.evaluation.sources.opening import open_source
    from vrbench.figures import figures
    from vrbench.figures import plot as plots
    from vrbench.figures import training as curves
    from vrbench.figures.base import Case
    from vrbench.normalizations import normalizations

    if name == curves.NAME:
        _training(features, out, quiet)
        return
    if from_sim and features:
        raise InputError("--from-sim takes no feature file.")
    figure, settings = figures.parse(name), Settings(seed=seed)
    path = None if from_sim else features or bundled_features()
    kind, source = open_source(path, from_sim, bank, Compute(), settings, sequence)
    default = "ncl" if figure.normalized else "none"
    chosen, alignment = (
        parse_norm(norm or default, source),
        None if from_sim else parse_method(method),
    )
    with nullcontext() if quiet else Bars() as bars:
        case = Case(source, alignment, chosen, bank_kind(source, chosen, kind), settings, bars)
        dataset, key = str(source.about["dataset"]), results.identity({"of": case.title()})
        stem = results.stem(figures.spec(figure), dataset, normalizations.spec(chosen), key)
        _, written = plots.plot(figure, case, stem, out)
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
