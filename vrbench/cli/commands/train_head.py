"""``vrbench train HEAD``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vrbench.cli.app import Quiet, command
from vrbench.cli.commands.train import HEAD, train

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@command(
    HEAD, of=train, keeps="finished epochs are kept; the same command goes on after the last one."
)
def head(
    head: Annotated[
        str, typer.Argument(help="Head spec, or several joined by +; vrbench list heads.")
    ],
    features: Annotated[Path, typer.Argument(help="Feature file of training videos.")],
    out: Annotated[Path, typer.Option(help="The safetensors file to write, for eval --head.")],
    method: Annotated[
        str | None,
        typer.Option(help="Alignment spec. Default: the head's own, else tokenflow."),
    ] = None,
    loss: Annotated[str, typer.Option(help="Loss spec; vrbench list losses.")] = "infonce",
    epochs: Annotated[int, typer.Option(min=0, help="Passes over all texts.")] = 10,
    batch: Annotated[int, typer.Option(min=2, help="Pairs at once, of distinct videos.")] = 128,
    lr: Annotated[float, typer.Option(min=0, help="Learning rate at its height.")] = 1e-4,
    weight_decay: Annotated[float, typer.Option(min=0, help="Of AdamW, for matrices.")] = 0.01,
    warmup: Annotated[
        float, typer.Option(help="Share of the steps in which the rate rises.")
    ] = 0.1,
    validation: Annotated[
        float, typer.Option(help="Share of the videos that chooses the best epoch.")
    ] = 0.1,
    patience: Annotated[
        int, typer.Option(min=1, help="Epochs without a better one before it stops.")
    ] = 3,
    queue: Annotated[
        int, typer.Option(min=0, help="Training queries to keep as a bank (eval --bank head).")
    ] = 0,
    queue_encoding: Annotated[
        Literal["stale", "final"],
        typer.Option(help="As they were when seen, or by the finished head."),
    ] = "stale",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bits (CPU).")] = 0,
    log: Annotated[Path | None, typer.Option(help="CSV with a row for each epoch.")] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Head or released checkpoint whose weights it begins with."),
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = (
        "auto"
    ),
    memory: Annotated[
        str | None, typer.Option(help="Bound of the process's memory, such as 2GB.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew. Default: go on where it stopped.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Learn a head by a loss on batches of stored features, and keep its best epoch.

    An interruption loses at most one epoch: the same command goes on where it stopped.

    Examples:
      vrbench train linear f.h5 --out linear.safetensors

      vrbench train linear+wti f.h5 --loss ncl --lr 1e-3 --out h.safetensors

      vrbench train temporal f.h5 --from clip4clip.bin --epochs 0 --out h.safetensors
    """
    from vrbench.cli.printing.progress import bars
    from vrbench.cli.printing.training import conclude, tell
    from vrbench.features import open_features
    from vrbench.runtime.memory import parse_size, set_bound
    from vrbench.runtime.outputs import check_outputs
    from vrbench.training.settings import TrainingSettings
    from vrbench.training.train import Where, run

    check_outputs([("--out", out, "head"), ("--log", log, "epochs CSV")], [features, start])
    bound = parse_size(memory) if memory else None
    set_bound(bound)
    settings = TrainingSettings(
        head, method, loss, epochs, batch, lr, weight_decay, warmup, validation, patience, queue,
        queue_encoding, seed,
    )  # fmt: skip
    existed = out.exists() and not overwrite
    with open_features(features) as opened, bars(quiet) as progress:

        def told(curve: Sequence[Mapping[str, Any]]) -> None:
            if log:
                _log(log, curve)
            if progress is not None:
                tell(progress, curve)

        where = Where(out, start, device, bound, overwrite, progress, told)
        learnt = run(opened, settings, where)
    if log:
        _log(log, learnt.about["validation"])
    conclude(out, learnt.about, existed, quiet)


def _log(path: Path, curve: Sequence[Mapping[str, Any]]) -> None:
    """Write a row for each epoch."""
    import csv

    from vrbench.heads.curve import flat
    from vrbench.runtime.files import replacing

    rows = [flat(row) for row in curve]
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
