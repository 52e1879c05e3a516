"""``vrbench show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vrbench.cli.app import Quiet, command, note, print_json
from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench.evaluation.case import Case
    from vrbench.reports.query import Shown


@command("show")
def show(
    query: Annotated[
        str | None,
        typer.Argument(help="Id of a text or a video. Without it: rescued and demoted queries."),
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="A feature file. Default: the bundled one.")
    ] = None,
    method: Annotated[list[str] | None, typer.Option(help="Alignment spec; repeat.")] = None,
    norm: Annotated[list[str] | None, typer.Option(help="Normalization spec; repeat.")] = None,
    sequence: Annotated[str | None, typer.Option(help="As in eval.")] = None,
    head: Annotated[Path | None, typer.Option(help="As in eval.")] = None,
    bank: Annotated[str | None, typer.Option(help="As in eval.")] = None,
    from_sim: Annotated[
        Path | None, typer.Option(help="Use this similarity file (npz) instead.")
    ] = None,
    direction: Annotated[
        Literal["t2v", "v2t"] | None,
        typer.Option(help="Direction of the queries. Default: t2v, or that of the id."),
    ] = None,
    k: Annotated[int, typer.Option(min=1, help="Candidates listed.")] = 5,
    picks: Annotated[int, typer.Option(min=1, help="Rescued, and demoted, queries picked.")] = 2,
    frames: Annotated[
        Path | None,
        typer.Option(help="Folder of videos, or of folders of frames: write --out with pictures."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The HTML page of --frames.")] = Path("show.html"),
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    quiet: Quiet = False,
) -> None:
    """Show a query's best candidates before and after normalization, and its positive's rank.

    Examples:
      vrbench show

      vrbench show video7020#0 --method global --method tokenflow --norm ncl:gamma=0.1 --k 10

      vrbench show --direction v2t --frames frames/ --out page.html
    """
    from vrbench.cli.opening import open_evaluation
    from vrbench.cli.printing.progress import bars
    from vrbench.runtime.outputs import check_output
    from vrbench.video import open_videos, parse_sampling

    if from_sim and (features or method):
        raise InputError("--from-sim takes neither --features nor --method.")
    if frames is not None:
        check_output("--out", out, [features, from_sim, bank, head], "html")
        open_videos(frames, parse_sampling("all"))
    with bars(quiet) as progress:
        opened = open_evaluation(features, from_sim, bank, sequence, head=head)
        jobs = opened.jobs(method or [opened.method], norm or ["ncl"])
        cases = [opened.case_of(job, progress) for job in jobs]
        shown = _queries(cases, query, direction, k, picks)
    _print(shown, cases[0], json)
    if frames is not None:
        from vrbench.reports.frames import page_of_queries

        page_of_queries(shown, frames, out, cases[0].data())
        note(f"{out} is written.")


def _queries(
    cases: list[Case],
    query: str | None,
    direction: Literal["t2v", "v2t"] | None,
    k: int,
    picks: int,
) -> list[Shown]:
    """Return each system's candidates for the query, or for picked queries."""
    from vrbench.reports import query as showing

    source = cases[0].source
    asked, numbers = direction or "t2v", {}
    if query is not None:
        asked, number = showing.find_query(source, query, direction)
        numbers = {"": [number]}
    found = showing.systems(cases, asked)
    if query is None:
        if len(found) < 2:
            raise InputError("Nothing changes without a norm: give --norm, or the id of a query.")
        numbers = showing.picked(found[0], found[1], picks)
    shown = []
    for kind, chosen in numbers.items():
        for number in chosen:
            name, caption = showing.about(source, asked, number)
            listed = tuple(showing.listings(found, number, k))
            shown.append(showing.Shown(kind, asked, name, caption, listed))
    return shown


def _print(shown: list[Shown], case: Case, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        print_json([asdict(one) for one in shown])
        return
    from vrbench.cli.printing.query import print_queries

    print_queries(shown, case.data())
