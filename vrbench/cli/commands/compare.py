"""``vrbench compare``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vrbench.cli.app import command, note, print_json
from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench.results.comparison import Comparison
    from vrbench.results.result import Result


@command("compare")
def compare(
    paths: Annotated[
        list[Path], typer.Argument(help="Result files (json) or folders of them; two or more.")
    ],
    baseline: Annotated[
        Path | None,
        typer.Option(help="Result file: test the others against it only, not each pair."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Test this mean over queries, too: MRR, mAP, nDCG@10, ...; repeat."),
    ] = None,
    common: Annotated[
        bool, typer.Option("--common", help="Join results over different items on common ids.")
    ] = False,
    features: Annotated[
        Path | None, typer.Option(help="Feature file with the captions. Default: the bundled one.")
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Queries listed that changed most.")] = 10,
    draws: Annotated[int, typer.Option(min=1, help="Draws of the bootstrap.")] = 9999,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Test results against each other, query by query.

    Examples:
      vrbench compare results/a.json results/b.json

      vrbench compare results --top 20 --json

      vrbench compare results --baseline results/raw.json --metric MRR
    """
    from vrbench.results.compare import compare as test

    if baseline is not None and baseline.is_dir():
        raise InputError(f"{baseline} is a folder: --baseline takes one result file (json).")
    results = _load(paths)
    if baseline is not None:
        first = _load([baseline])
        results = [*first, *(one for one in results if one.values != first[0].values)]
    report = test(results, common, top, draws, seed, baseline is not None, metric or [])
    _add_captions(report, results, features)
    if json:
        print_json(report)
        return
    from vrbench.cli.printing.compare import print_comparison

    print_comparison(report)


def _load(paths: Sequence[Path]) -> list[Result]:
    from vrbench.results.result import load, load_all

    found: list[Result] = []
    for path in paths:
        if path.is_dir():
            results, skipped = load_all(path)
            for name in skipped:
                note(f"Note: {name} is not a result and was left out.")
            of_tasks = sum(bool(one.values.get("task")) for one in results)
            if of_tasks:
                note(
                    f"Note: {of_tasks} results of tasks in {path} have no ranks, and were left out."
                )
            found += [one for one in results if not one.values.get("task")]
        elif path.is_file():
            found.append(load(path))
        else:
            raise InputError(f"{path} does not exist: give result files of vrbench eval.")
    return found


def _add_captions(report: Comparison, results: Sequence[Result], path: Path | None) -> None:
    """Add the caption of each query that changed, where the feature file is at hand."""
    from vrbench.bundled import bundled_features
    from vrbench.evaluation.describing import text_captions, video_captions
    from vrbench.evaluation.sources.features import FeatureSource
    from vrbench.features import open_features
    from vrbench.runtime.opened import sha256_of

    known = {result.features["sha256"] for result in results}
    if path is None:
        path = bundled_features()
        if sha256_of(path) not in known:
            return
    with open_features(path) as features:
        source = FeatureSource(features)
        texts = dict(zip(source.text_ids, text_captions(source), strict=True))
        videos = dict(zip(source.video_ids, video_captions(source), strict=True))
    for rows in report["changed"].values():
        for row in rows:
            row["caption"] = texts.get(row["query"]) or videos.get(row["query"], "")
