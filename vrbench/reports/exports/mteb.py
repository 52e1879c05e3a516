"""Results as mteb writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.results import labels
from vrbench.results.check import is_task
from vrbench.results.result import Result
from vrbench.results.schema import ResultDict
from vrbench.runtime.files import replacing
from vrbench.sims.sim import DIRECTIONS, Direction

NAMES = {"R": "hit_rate", "recall": "recall", "nDCG": "ndcg", "mAP": "map", "MRR": "mrr"}
"""Our name -> mteb's: R@K here is the share of queries with a right item among K."""
MAIN = ("nDCG@10", "R@1")
"""The main score: that of mteb's retrieval tasks, where it was measured."""


def write_mteb(results: Sequence[Result], path: Path) -> None:
    """Write a list with an object a result, each as mteb's result files have it.

    Scores are from 0 to 1, an entry a direction (``hf_subset``); beside mteb's keys stand the
    numbers of queries and items, and ``vrbench`` with method, norm, bank and protocol. One result
    gives the object alone, as mteb reads it. A task without ranks is left out.

    Raises:
        InputError: there is no result with ranks, or the file cannot be written.
    """
    found = [_object(one.to_dict()) for one in results if not is_task(one.values)]
    if not found:
        raise InputError("There is no result with ranks: run vrbench eval first.")
    text = json.dumps(found[0] if len(found) == 1 else found, indent=2, allow_nan=False)
    with replacing(path) as part:
        part.write_text(f"{text}\n", encoding="utf-8")


def _object(values: ResultDict) -> dict[str, Any]:
    split = values["split"] or "test"
    return {
        "task_name": labels.dataset(values),
        "dataset_revision": values["features"]["sha256"],
        "mteb_version": None,
        "scores": {split: [_scores(values, direction) for direction in DIRECTIONS]},
        "evaluation_time": sum(values["seconds"].values()),
        "kg_co2_emissions": None,
        "vrbench": {
            "version": values["provenance"]["vrbench"],
            "encoder": values["encoder"],
            "method": labels.method(values),
            "norm": values["norm"],
            "bank": labels.bank(values),
            "protocol": values["protocol"],
            "limited": bool(labels.limited(values)),
        },
    }


def _scores(values: ResultDict, direction: Direction) -> dict[str, Any]:
    metrics: dict[str, Any] = dict(values["metrics"][direction])
    scores = {}
    for name, value in metrics.items():
        family, _, k = name.partition("@")
        if family in NAMES and value is not None:
            scores[f"{NAMES[family]}_at_{k}" if k else NAMES[family]] = value / 100
    main = next((name for name in MAIN if metrics.get(name) is not None), None)
    counts = [values["n_text"], values["n_video"]]
    queries, items = counts if direction == "t2v" else counts[::-1]
    return {
        "hf_subset": direction,
        "languages": [],
        "main_score": None if main is None else metrics[main] / 100,
        "main_metric": main,
        "n_queries": queries,
        "n_items": items,
        **scores,
    }
