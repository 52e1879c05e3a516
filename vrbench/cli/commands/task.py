"""``vrbench task``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from vrbench.cli.app import app, command, print_json

task = typer.Typer(no_args_is_help=True, help="The papers' other tasks.")
app.add_typer(task, name="task")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@command("qa", of=task)
def qa(
    features: Annotated[
        Path,
        typer.Argument(
            help="Feature file: a video's texts are the answers, its label the right one."
        ),
    ],
    json: AsJson = False,
) -> None:
    """Multiple choice: choose one of a video's answers (argmax of dot products).

    Examples:
      vrbench task qa msrvtt-mc.h5
    """
    from vrbench.features import open_features
    from vrbench.tasks import on_features

    with open_features(features) as opened:
        _print([on_features.qa(opened)], json)


@command("classification", of=task)
def classification(
    features: Annotated[Path, typer.Argument(help="Feature file with /video/label.")],
    seeds: Annotated[int, typer.Option(min=1, help="Clusterings, with seeds 0, 1, ...")] = 10,
    clusters: Annotated[
        int | None, typer.Option(min=1, help="Clusters. Default: as many as classes.")
    ] = None,
    side: Annotated[
        Literal["video", "text", "both"], typer.Option(help="Side whose vectors are clustered.")
    ] = "video",
    json: AsJson = False,
) -> None:
    """Classification without labels: k-means, clusters matched with classes one to one.

    Examples:
      vrbench task classification msrvtt.h5 --seeds 20
    """
    from vrbench.cli.printing.progress import Bars
    from vrbench.features import open_features
    from vrbench.tasks import on_features

    with open_features(features) as opened:
        with Bars() as bars:
            found = on_features.classification(opened, range(seeds), clusters, side, bars)
        _print([found], json)


@command("ordering", of=task)
def ordering(
    source: Annotated[
        Path,
        typer.Argument(
            help="Feature file with sequences, or a JSON list of objects with clip_score (frames x "
            "sentences) and order (the frame of each sentence, from 1)."
        ),
    ],
    how: Annotated[
        list[str] | None,
        typer.Option(help="assignment, greedy, argmax, transport, dtw, otam, ...; repeat."),
    ] = None,
    method: Annotated[str, typer.Option(help="Alignment spec, for a feature file.")] = "tokenflow",
    seed: Annotated[int, typer.Option(help="Seed of the shuffling, for a feature file.")] = 0,
    json: AsJson = False,
) -> None:
    """Ordering: put shuffled captions into the order of a video's clips.

    Examples:
      vrbench task ordering sequences.json

      vrbench task ordering clips.h5 --method global --how dtw --how transport:reg=0.05
    """
    from vrbench.features import open_features
    from vrbench.tasks import on_features
    from vrbench.tasks.ordering_file import read_pairs

    ways = how or ["assignment", "transport", "dtw", "otam", "drop-dtw", "greedy", "argmax"]
    if source.suffix == ".json":
        _print(on_features.ordered(read_pairs(source), ways), json)
        return
    with open_features(source) as opened:
        _print(on_features.order(opened, method, ways, seed), json)


@command("htm-align", of=task)
def htm_align(
    features: Annotated[
        Path, typer.Argument(help="Feature file: a token a second; /text/start, end, label.")
    ],
    window: Annotated[int, typer.Option(min=1, help="Seconds of a window.")] = 32,
    step: Annotated[int, typer.Option(min=1, help="Seconds between windows.")] = 8,
    json: AsJson = False,
) -> None:
    """HTM-Align: find the second that shows a sentence (recall), and whether any does (AUC).

    Examples:
      vrbench task htm-align htm.h5
    """
    from vrbench.features import open_features
    from vrbench.tasks import on_features

    with open_features(features) as opened:
        _print([on_features.htm(opened, window, step)], json)


@command("segmentation", of=task)
def segmentation(
    arrays: Annotated[
        Path,
        typer.Argument(
            help="npz: frames (n, d), labels (n,), steps (k, d); with train_frames and "
            "train_labels also a linear head."
        ),
    ],
    background: Annotated[
        float | None, typer.Option(help="Similarity below which a frame shows no step (label 0).")
    ] = None,
    reg: Annotated[float, typer.Option(help="Ridge penalty of the linear head.")] = 1.0,
    json: AsJson = False,
) -> None:
    """Action segmentation: the step of every frame, by step names or a linear head.

    Examples:
      vrbench task segmentation coin.npz --background 0.2
    """
    from vrbench.tasks.segmentation import segment_file

    _print(segment_file(arrays, background, reg), json)


def _print(reports: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(reports)
        return
    from vrbench.cli.printing.terminal import TextRow, TextTable, console, print_text_table

    shown = {key: value for key, value in reports[0].items() if not isinstance(value, list)}
    heads = [key for key, value in shown.items() if isinstance(value, str)]
    columns = [key for key in shown if key not in heads]
    rows = [
        TextRow([str(report[key]) for key in heads], [_cell(report[key]) for key in columns])
        for report in reports
    ]
    print_text_table(console(), TextTable(heads, columns, rows))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
