"""``vrbench task``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vrbench.cli.app import Quiet, app, command, print_json
from vrbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrbench.features import Features
    from vrbench.tasks.base import Task
    from vrbench.tasks.record import TaskJob

task = typer.Typer(no_args_is_help=True, help="The papers' other tasks.")
app.add_typer(task, name="task")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder in which results are kept, for vrbench table; what exists is read."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Make again what exists.")]
KEEPS = "finished results are kept where --out is given; nothing else."
HeadFile = Annotated[Path | None, typer.Option(help="As in eval.")]


@command("qa", of=task, keeps=KEEPS, results=True)
def qa(
    features: Annotated[
        Path,
        typer.Argument(
            help="Feature file: a video's texts are the answers, its label the right one."
        ),
    ],
    head: HeadFile = None,
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Multiple choice: choose one of a video's answers (argmax of dot products).

    Examples:
      vrbench task qa msrvtt-mc.h5 --out results
    """
    from vrbench.tasks.qa import Qa

    _on_features(Qa(), features, head, (out, overwrite, json), quiet)


@command("classification", of=task, keeps=KEEPS, results=True)
def classification(
    features: Annotated[Path, typer.Argument(help="Feature file with /video/label.")],
    seeds: Annotated[int, typer.Option(min=1, help="Clusterings, with seeds 0, 1, ...")] = 10,
    clusters: Annotated[
        int | None, typer.Option(min=1, help="Clusters. Default: as many as classes.")
    ] = None,
    side: Annotated[
        Literal["video", "text", "both"], typer.Option(help="Side whose vectors are clustered.")
    ] = "video",
    head: HeadFile = None,
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Classification without labels: k-means, clusters matched with classes one to one.

    Examples:
      vrbench task classification msrvtt.h5 --seeds 20
    """
    from vrbench.tasks.classes import Classification

    _on_features(
        Classification(side, clusters, seeds), features, head, (out, overwrite, json), quiet
    )


@command("ordering", of=task, keeps=KEEPS, results=True)
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
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Ordering: put shuffled captions into the order of a video's clips.

    Examples:
      vrbench task ordering sequences.json

      vrbench task ordering clips.h5 --method global --how dtw --how transport:reg=0.05
    """
    from vrbench.features import open_features
    from vrbench.tasks.order import jobs_of_features, jobs_of_file

    ways = how or ["assignment", "transport", "dtw", "otam", "drop-dtw", "greedy", "argmax"]
    if source.suffix == ".json":
        _measure(jobs_of_file(source, ways), out, overwrite, json)
        return
    with open_features(source) as opened:
        _measure(jobs_of_features(opened, method, ways, seed), out, overwrite, json)


@command("htm-align", of=task, keeps=KEEPS, results=True)
def htm_align(
    features: Annotated[
        Path,
        typer.Argument(
            help="Feature file of whole videos: a row a second; /text/start, end, label (vrbench "
            "extract --dataset htm-align)."
        ),
    ],
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="window: overlapping windows; global: the whole video at once; repeat. Default: "
            "window. Norton Table 9 mixes them: CLIP's 17.5 is global, MIL-NCE's 34.2 windowed."
        ),
    ] = None,
    window: Annotated[int, typer.Option(min=1, help="Seconds of a window.")] = 32,
    step: Annotated[int, typer.Option(min=1, help="Seconds between windows.")] = 8,
    head: HeadFile = None,
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """HTM-Align: find the second that shows a sentence (recall), and whether any does (AUC).

    Examples:
      vrbench task htm-align htm.h5 --protocol window --protocol global --out results
    """
    from vrbench.tasks import tasks

    ways = dict.fromkeys(protocol or ["window"])
    sizes = f",window={window},step={step}"
    found = [
        tasks.parse(f"htm-align:protocol={one}{sizes if one != 'global' or len(ways) < 2 else ''}")
        for one in ways
    ]
    _on_features(found, features, head, (out, overwrite, json), quiet)


@command("segmentation", of=task, keeps=KEEPS, results=True)
def segmentation(
    source: Annotated[
        Path,
        typer.Argument(
            help="Feature file of whole videos, a row a second, whose texts are steps with start, "
            "end and label (vrbench extract --dataset coin:unit=timed); or npz: frames (n, d), "
            "labels (n,), steps (k, d); with train_frames and train_labels also a classifier."
        ),
    ],
    train: Annotated[
        Path | None, typer.Option(help="Feature file of training videos, for a classifier.")
    ] = None,
    classifier: Annotated[
        list[str] | None,
        typer.Option(
            help="Linear classifier on the frames, by ridge regression or by cross entropy (Norton "
            "Table 4); repeat. Default: ridge."
        ),
    ] = None,
    background: Annotated[
        float | None, typer.Option(help="Similarity below which a frame shows no step (label 0).")
    ] = None,
    reg: Annotated[float, typer.Option(help="Penalty of the classifier.")] = 1.0,
    head: HeadFile = None,
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Action segmentation: the step of every frame, by step names or a linear classifier.

    Examples:
      vrbench task segmentation coin.npz --background 0.2

      vrbench task segmentation coin-test.h5 --train coin-train.h5 --classifier cross-entropy
    """
    from vrbench.heads import load
    from vrbench.tasks.segment_files import SegmentFiles

    learnt = load(head) if head else None
    with SegmentFiles(source, train, learnt) as files:
        jobs = files.jobs(classifier or ["ridge"], background, reg)
        _measure(jobs, out, overwrite, json)


def _on_features(
    found: Task | Sequence[Task],
    path: Path,
    head: Path | None,
    output: tuple[Path | None, bool, bool],
    quiet: bool,
) -> None:
    """Measure tasks on one feature file."""
    from functools import partial

    from vrbench.cli.printing.progress import bars
    from vrbench.features import open_features
    from vrbench.heads import load
    from vrbench.heads.applied import apply_head
    from vrbench.tasks.base import Task
    from vrbench.tasks.record import TaskData, TaskJob

    learnt = load(head) if head else None
    with open_features(path) as opened, bars(quiet) as progress:
        features: Features = opened if learnt is None else apply_head(opened, learnt)
        data = TaskData.of(opened, learnt)
        jobs = [
            TaskJob.of(one, data, partial(one.report, features, progress))
            for one in ([found] if isinstance(found, Task) else found)
        ]
        _measure(jobs, *output)


def _measure(jobs: Sequence[TaskJob], out: Path | None, overwrite: bool, as_json: bool) -> None:
    from vrbench.tasks.record import measured

    reports = []
    for job in jobs:
        result = measured(job, out, overwrite)
        made = result.values.get("task")
        if made is None:
            raise InputError(f"{job.spec} has no report.")
        reports.append(made["report"])
    if as_json:
        print_json(reports)
        return
    from vrbench.cli.printing.tasks import print_reports

    print_reports(reports)
