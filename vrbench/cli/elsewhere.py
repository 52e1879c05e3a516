"""The options that say which processes score."""

from __future__ import annotations

from typing import Annotated

import typer

Processes = Annotated[
    int | None,
    typer.Option(min=1, help="Processes on this machine that do the work; results are the same."),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="Dask scheduler whose workers do the work: tcp://HOST:PORT, or its FILE.json."
    ),
]
Mixed = Annotated[
    bool, typer.Option("--mixed", help="Take workers whose last bits may differ; results say so.")
]
