"""``vrbench fuse``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vrbench.cli.app import Quiet, command, note
from vrbench.errors import InputError


@command("fuse")
def fuse(
    sims: Annotated[list[Path], typer.Argument(help="Similarity files (npz) of the same items.")],
    out: Annotated[Path, typer.Option(help="The similarity file to write.")],
    how: Annotated[
        Literal["rrf", "dbsf", "min-max", "z", "sum"],
        typer.Option(
            help="What is done to the scores of a query before they are added: 1/(60 + rank); its "
            "mean +- 3 deviations, or least and greatest, as 0 to 1; z-scores; nothing."
        ),
    ] = "rrf",
    weights: Annotated[
        str | None,
        typer.Option(
            help="One number for each file, such as 1,2; tune: the best on the files' own banks. "
            "Default: 1 for each."
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Fuse similarities of two encoders, methods or streams into one similarity file.

    Items and bank queries are joined by name; each direction is fused over its own queries. The
    file is measured by vrbench eval --from-sim.

    Examples:
      vrbench fuse clip.npz siglip.npz --out both.npz

      vrbench fuse video.npz speech.npz --how z --weights 1,0.5 --out both.npz

      vrbench fuse video.npz speech.npz --how min-max --weights tune --out both.npz
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.evaluation.fusion import fused

    with bars(quiet) as progress:
        sim, notes = fused(sims, how, _read(weights), out, progress)
    if quiet:
        return
    for text in notes:
        note(f"Note: {text}")
    n_text, n_video = sim.t2v.shape
    note(f"{out}: {n_text} texts x {n_video} videos.")


def _read(text: str | None) -> tuple[float, ...] | Literal["tune"] | None:
    if text is None or text == "tune":
        return "tune" if text else None
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError as error:
        raise InputError(
            f"Cannot read --weights {text}: write one number for each file, such as 1,2, or tune."
        ) from error
