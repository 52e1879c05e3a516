"""``vrbench tune``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vrbench.cli.app import Quiet, command, note, print_json, say
from vrbench.cli.elsewhere import Cluster, Mixed, Processes
from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench.evaluation.tuning import Tuning


@command("tune", results=True)
def tune(
    features: Annotated[
        Path | None, typer.Argument(help="A feature file with a bank. Default: the bundled one.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Alignment spec. Default: the head's, else tokenflow.")
    ] = None,
    norm: Annotated[
        str,
        typer.Option(
            help="Normalization; parameters given in the spec stay. all: every one with its own "
            "lists, best first."
        ),
    ] = "ncl",
    try_: Annotated[
        list[str] | None,
        typer.Option("--try", help="key=v,v,v to try; repeat for a grid. Default: its own list."),
    ] = None,
    sequence: Annotated[str | None, typer.Option(help="As in eval.")] = None,
    head: Annotated[Path | None, typer.Option(help="As in eval.")] = None,
    from_sim: Annotated[
        Path | None, typer.Option(help="Tune on the bank of this similarity file (npz) instead.")
    ] = None,
    bank: Annotated[
        str | None, typer.Option(help="train, or test (transductive); default as in eval.")
    ] = None,
    direction: Annotated[
        Literal["t2v", "v2t", "both"], typer.Option(help="Direction whose R@1 decides.")
    ] = "both",
    share: Annotated[
        float, typer.Option(help="Share of the bank's videos in the validation part.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(help="Of the split.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of results.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print curve and result as JSON.")] = False,
    processes: Processes = None,
    cluster: Cluster = None,
    mixed: Mixed = False,
    quiet: Quiet = False,
) -> None:
    """Choose a normalization's parameters on a validation part of the bank, then evaluate.

    The test set is measured once, with the chosen parameters; the result records the whole curve.

    Examples:
      vrbench tune --norm ncl

      vrbench tune f.h5 --method global --norm qb-norm --try beta=5,20,80 --try k=1,5

      vrbench tune --from-sim sims.npz --norm ncl --try gamma=scale,0.02,0.05

      vrbench tune f.h5 --norm all
    """
    from vrbench.cli.opening import open_evaluation
    from vrbench.cli.printing.eval import announce
    from vrbench.cli.printing.progress import bars
    from vrbench.evaluation.elsewhere import backend_of
    from vrbench.evaluation.settings import Compute, Settings
    from vrbench.evaluation.tuning import ALL, choose, measured

    settings = Settings(seed=seed)
    with backend_of(processes, cluster, mixed, from_sim) as backend:
        compute = Compute(backend=backend)
        opened = open_evaluation(features, from_sim, bank, sequence, settings, compute, head)
        method = opened.method if method is None else method
        if not quiet:
            announce(opened, opened.jobs([method], ["none" if norm == ALL else norm]))
        grid = _grid(try_) if try_ else None
        split: Any = {"direction": direction, "share": share, "seed": seed}
        with bars(quiet) as progress:
            split["announce"] = None if quiet else announce
            tuning = choose(opened, method, norm, grid, **split, progress=progress)
        if not json:
            _print_curve(tuning, best_first=norm == ALL)
        for spec, why in tuning.left_out.items():
            note(f"{spec} is left out: {why}")
        with bars(quiet) as progress:
            tuning = measured(tuning, opened, method, out, progress)
    assert tuning.result is not None
    results = [tuning.result.to_dict()]
    from vrbench.cli.printing.results import print_notes, print_results

    if json:
        print_json(results)
    else:
        print_results(results)
    if json and not quiet:
        print_notes(results, ())


def _grid(tries: list[str]) -> dict[str, list[str]]:
    """Read all --try, each of another key."""
    grid: dict[str, list[str]] = {}
    for key, values in map(_values, tries):
        if key in grid:
            both = ",".join([*grid[key], *values])
            raise InputError(f"{key} stands twice in --try: write --try {key}={both}.")
        grid[key] = values
    return grid


def _values(text: str) -> tuple[str, list[str]]:
    key, equals, values = text.partition("=")
    if not equals or not values:
        raise InputError(f"Cannot read --try {text}: write key=value,value,value.")
    return key.strip(), [value.strip() for value in values.split(",")]


def _print_curve(tuning: Tuning, *, best_first: bool) -> None:
    about, bank = tuning.about, tuning.about["bank"]
    texts, videos = about["validation"]
    other = f"the other {bank['n_text']} x {bank['n_video']} as its bank"
    if bank["kind"] != "train":
        other = f"bank {bank['kind']} of its own queries"
    say(
        f"Validation on {texts} texts x {videos} videos of the bank, with {other}. R@1 and MnR of "
        f"{about['direction']}:"
    )
    width = max(len(trial["norm"]) for trial in tuning.curve)
    for trial in tuning.best_first if best_first else tuning.curve:
        mark = "  <- chosen" if trial["norm"] == tuning.spec else ""
        mark = "  (transductive)" if trial.get("transductive") else mark
        say(f"{trial['norm'].ljust(width)}  {trial['R@1']:5.1f}  {trial['MnR']:7.1f}{mark}")
