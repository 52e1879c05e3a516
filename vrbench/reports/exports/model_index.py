"""Results as the model-index of a model card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.results import labels
from vrbench.results.check import is_task
from vrbench.results.result import Result
from vrbench.results.schema import ResultDict
from vrbench.runtime.files import replacing
from vrbench.sims.sim import DIRECTIONS, Direction

TASKS: dict[Direction, str] = {"t2v": "text-to-video retrieval", "v2t": "video-to-text retrieval"}
SUMMARIES = ("R", "recall", "MdR", "MnR", "MRR", "mAP", "nDCG")
"""Families of metrics that a card has; the others are diagnostics."""


def write_model_index(results: Sequence[Result], path: Path) -> None:
    """Write YAML to paste into a model card: a model an encoder, an entry a result and direction.

    Each dataset's name says how many texts and videos there were, and each metric's with which
    method, norm, bank and protocol it was measured. A task without ranks is left out.

    Raises:
        InputError: there is no result with ranks, or the file cannot be written.
    """
    models: dict[str, list[dict[str, Any]]] = {}
    for one in results:
        if not is_task(one.values):
            values = one.to_dict()
            entries = [_entry(values, direction) for direction in DIRECTIONS]
            models.setdefault(labels.encoder(values), []).extend(entries)
    if not models:
        raise InputError("There is no result with ranks: run vrbench eval first.")
    index = [{"name": name, "results": entries} for name, entries in models.items()]
    with replacing(path) as part:
        part.write_text("\n".join(_lines({"model-index": index})) + "\n", encoding="utf-8")


def _entry(values: ResultDict, direction: Direction) -> dict[str, Any]:
    size = f"n = {values['n_text']} texts, {values['n_video']} videos{labels.limited(values)}"
    how = labels.how(values)
    metrics: dict[str, Any] = dict(values["metrics"][direction])
    return {
        "task": {"type": "retrieval", "name": TASKS[direction]},
        "dataset": {
            "type": values["dataset"] or "unnamed",
            "name": f"{labels.dataset(values)} ({size})",
            "split": values["split"] or "",
            "args": {"n_text": values["n_text"], "n_video": values["n_video"]},
        },
        "metrics": [
            {
                "type": name,
                "value": value,
                "name": f"{name} {direction} ({how})",
                "args": {**values["protocol"], "unit": _unit(name)},
            }
            for name, value in metrics.items()
            if name.partition("@")[0] in SUMMARIES and value is not None
        ],
    }


def _unit(name: str) -> str:
    return "rank" if name in ("MdR", "MnR") else "percent"


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """Yield the lines of YAML of dicts and lists."""
    pairs = value.items() if isinstance(value, dict) else ((None, one) for one in value)
    for key, one in pairs:
        start = f"{indent}-" if key is None else f"{indent}{key}:"
        if not isinstance(one, dict | list):
            yield f"{start} {_quoted(one) if isinstance(one, str) else json.dumps(one)}"
        elif key is None:
            first, *rest = _lines(one, f"{indent}  ")
            yield f"{start} {first.lstrip()}"
            yield from rest
        else:
            yield start if one else f"{start} {json.dumps(one)}"
            yield from _lines(one, f"{indent}  ")


def _quoted(text: str) -> str:
    """Return a string of YAML in printable ASCII; it knows no pairs of surrogates, as JSON does."""
    plain = (c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(plain)}"'
