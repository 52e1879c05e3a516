"""``vrbench train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from typer.core import TyperGroup

from vrbench.cli.app import Quiet, app, command, note
from vrbench.cli.completion import completer
from vrbench.errors import InputError

if TYPE_CHECKING:
    from typer._click import Command, Context
    from typer._click.shell_completion import CompletionItem

    from vrbench.heads.projection import Projection

HEAD = "HEAD"
"""The command that takes any head; what is no command of its own goes to it."""


class _ByHead(TyperGroup):
    """Commands by name, and heads by their spec."""

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """Return the command, with the head's spec as its first argument."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return HEAD, self.commands[HEAD], args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Offer the heads beside the commands."""
        from typer._click.shell_completion import CompletionItem

        complete = completer(f"train {HEAD}", "head")
        heads = complete(cast("typer.Context", ctx), incomplete) if complete else []
        return [*super().shell_complete(ctx, incomplete), *map(CompletionItem, heads)]


train = typer.Typer(
    no_args_is_help=True, cls=_ByHead, help="Train a head on stored features, or fit a projection."
)
app.add_typer(train, name="train")

BEST = 10
"""Choices that are listed after a fit, best first."""


@command("projection", of=train)
def projection(
    features: Annotated[Path, typer.Argument(help="Feature file, extracted without projection.")],
    out: Annotated[Path, typer.Option(help="The npz to write, for extract --projection.")],
    reg: Annotated[str, typer.Option(help="Regularizations to try.")] = "0.1,0.2,0.5,1",
    width: Annotated[str, typer.Option(help="Widths to try.")] = "64,96,128,192",
    power: Annotated[
        str, typer.Option(help="Powers of the canonical correlations to try.")
    ] = "0,0.5,0.75,1",
    folds: Annotated[int, typer.Option(min=2, help="Parts, each held out once.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the split into parts.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the npz.")] = False,
    quiet: Quiet = False,
) -> None:
    """Fit a map of video and text tokens into one space: regularized CCA, in closed form.

    Regularization, width and weighting of the directions are chosen on held-out videos.

    Examples:
      vrbench train projection raw.h5 --out p.npz

      vrbench train projection raw.h5 --out p.npz --reg 0.5,1,2 --width 128 --power 0
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.features import open_features
    from vrbench.heads.train import Grid
    from vrbench.heads.train import train as run
    from vrbench.runtime.outputs import check_output

    check_output("--out", out, [features], "projection")
    if out.exists() and not overwrite:
        raise InputError(f"{out} exists: give another --out, or --overwrite.")
    widths = [int(value) for value in _numbers("--width", width)]
    grid = Grid(_numbers("--reg", reg), widths, _numbers("--power", power), folds, seed)
    with open_features(features) as opened, bars(quiet) as progress:
        fitted = run(opened, grid, progress)
    fitted.save(out)
    if quiet:
        return
    _report(fitted)
    note(f"{out}: fitted on {fitted.about['n_video']} videos and {fitted.about['n_text']} texts.")


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"{option} must be numbers like 64,128, it is '{text}'.") from None


def _report(fitted: Projection) -> None:
    rows = sorted(
        fitted.about["held_out"], key=lambda row: -(row["R@1"] + row["R@5"] + row["R@10"])
    )
    note(f"Held out, mean of {fitted.about['folds']} folds, t2v, best {BEST} of {len(rows)}:")
    note("   reg  width  power    R@1    R@5   R@10")
    for row in rows[:BEST]:
        recalls = "".join(f"{row[name]:7.2f}" for name in ("R@1", "R@5", "R@10"))
        note(f"{row['reg']:6g} {row['width']:6d} {row['power']:6g}{recalls}")
