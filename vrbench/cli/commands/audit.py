"""``vrbench audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vrbench.cli.app import Quiet, command, print_json


@command("audit")
def audit(
    sim: Annotated[
        Path,
        typer.Argument(
            help="A similarity file (npz; eval --save-sim has one), or one square matrix, texts x "
            "videos (npy, pt, csv)."
        ),
    ],
    rule: Annotated[
        list[str] | None,
        typer.Option(help="A rule with other parameters, in place of its default; repeat."),
    ] = None,
    k: Annotated[str, typer.Option(help="The K of R@K.")] = "1,5,10",
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    quiet: Quiet = False,
) -> None:
    """Print the metrics of one similarity matrix under every evaluation rule in use.

    Examples:
      vrbench audit sims.npz

      vrbench audit sims.npz --rule padded:batch=48 --rule dual-softmax:tau=1

      vrbench list rules
    """
    from vrbench.auditing import audit_case
    from vrbench.cli.opening import open_evaluation
    from vrbench.cli.printing.numbers import whole_numbers
    from vrbench.cli.printing.progress import bars
    from vrbench.evaluation.settings import Settings

    opened = open_evaluation(None, sim, settings=Settings(whole_numbers(k)))
    with bars(quiet) as progress:
        report = audit_case(opened.case("global"), rule or [], progress)
    if json:
        print_json(report)
        return
    from vrbench.cli.printing.audit import print_audit

    print_audit(report)
