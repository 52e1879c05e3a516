"""Checking a file against the declared types of a result, and its rank vectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import PurePath
from types import NoneType
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np
from numpy.typing import NDArray

from vrbench.metrics.metric import Metric
from vrbench.metrics.table import of_part
from vrbench.metrics.values import Bounds, Deviations, Diagnostics, Metrics
from vrbench.results.schema import FileName, ResultDict, TaskDict
from vrbench.results.schema_parts import UNREAD, Count, Report

POSITIVES = ("positive_text", "positive_video", "positive_relevance")
"""The right pairs beside the ranks; older results have none, the last is there with grades."""

ANY = Bounds()
"""Those of a number that can be any."""

MOST = 1e300
"""Above any number that is measured; a whole number in JSON may be larger than a float."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value) and value >= 0


def _is_file(value: Any) -> bool:
    """Whether it names a file in the same folder."""
    return value is None or (isinstance(value, str) and PurePath(value).name == value != "..")


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_report(value: Any) -> bool:
    def known(one: Any) -> bool:
        return one is None or isinstance(one, str | bool) or _is_number(one)

    return isinstance(value, dict) and all(
        known(one) or (isinstance(one, list) and all(map(known, one))) for one in value.values()
    )


KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    str: ("a string", lambda value: isinstance(value, str)),
    float: ("a number", _is_number),
    Count: ("a whole number", _is_count),
    FileName: ("the name of a file beside it, or null", _is_file),
    list[str]: ("a list of strings", _are_texts),
    Report: ("an object of words, numbers and lists of numbers", _is_report),
}
"""Name of each type in messages, and a test whether a value is of it."""


def is_task(value: Any) -> bool:
    """Whether a result file says that it is a task's."""
    return isinstance(value, dict) and value.get("task") is not None


def result_problems(value: Any) -> Iterator[str]:
    """Yield what differs from a result, as the end of a sentence."""
    yield from problems(value, TaskDict if is_task(value) else ResultDict)


def problems(value: Any, shape: type = ResultDict, where: str = "") -> Iterator[str]:
    """Yield what differs from a declared shape, as the end of a sentence."""
    if not isinstance(value, dict):
        yield f"{where} is {_shown(value)}, expected an object".strip()
        return
    for name, hint in _hints(shape).items():
        path = f"{where}.{name}" if where else name
        needed = get_origin(hint) is not NotRequired
        if name in value and (needed or value[name] is not None):
            yield from _of(value[name], hint if needed else _without_null(hint), path)
        elif needed:
            yield f"{path} is missing"


@cache
def _hints(shape: type) -> dict[str, Any]:
    return get_type_hints(shape, include_extras=True)


def _without_null(hint: Any) -> Any:
    """Return the type of a key that may be missing, where null says as much."""
    (inner,) = get_args(hint)
    some = [one for one in get_args(inner) if one is not NoneType]
    return some[0] if NoneType in get_args(inner) else inner


def _of(value: Any, hint: Any, where: str) -> Iterator[str]:
    if is_typeddict(hint):
        yield from problems(value, hint, where)
    elif get_origin(hint) is list and is_typeddict(get_args(hint)[0]):
        yield from _each(value, get_args(hint)[0], where)
    elif hint in (Metrics, Diagnostics):
        yield from _measured(value, of_part("metrics" if hint == Metrics else "diagnostics"), where)
    elif hint == Deviations:
        metrics = [replace(one, within=Bounds(0)) for one in of_part("metrics")]
        yield from _measured(value, metrics, where)
    elif get_origin(hint) is Annotated and isinstance(hint.__metadata__[0], Bounds):
        yield from _plain(value, get_args(hint)[0], where, hint.__metadata__[0])
    elif not (get_origin(hint) is Annotated and UNREAD in hint.__metadata__):
        yield from _plain(value, hint, where)


def _each(value: Any, shape: type, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where} is {_shown(value)}, expected a list"
        return
    for i, one in enumerate(value):
        yield from problems(one, shape, f"{where}[{i}]")


def _plain(value: Any, hint: Any, where: str, bounds: Bounds = ANY) -> Iterator[str]:
    null = hint not in KINDS
    name, fits = KINDS[next(one for one in get_args(hint) if one in KINDS) if null else hint]
    if not ((null and value is None) or (fits(value) and (bounds == ANY or value in bounds))):
        yield f"{where} is {_shown(value)}, expected {name}{bounds}{' or null' if null else ''}"


def _measured(value: Any, metrics: list[Metric], where: str) -> Iterator[str]:
    """Yield the differences of a direction's numbers from the table of metrics."""
    if not isinstance(value, dict):
        yield f"{where} is {_shown(value)}, expected an object"
        return
    for one in metrics:
        hint = float if one.always and not one.null else float | None
        if one.each_k:
            yield from _numbered(value, one, where)
        elif one.name in value:
            yield from _plain(value[one.name], hint, f"{where}.{one.name}", one.bounds)
        elif one.always:
            yield f"{where}.{one.name} is missing"


def _numbered(value: Mapping[str, Any], metric: Metric, where: str) -> Iterator[str]:
    start = metric.name.removesuffix("K")
    for key in value:
        if not key.startswith(start):
            continue
        if re.fullmatch(r"[1-9]\d{0,17}", key.removeprefix(start), re.ASCII):
            yield from _plain(value[key], float, f"{where}.{key}", metric.bounds)
        else:
            yield f"{where} holds {_shown(key)}, expected {start} and a whole number from 1"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def belong(ranks: Mapping[str, NDArray[Any]], values: ResultDict) -> bool:
    """Whether both rank vectors are there, and they, ids and pairs fit the numbers of items."""
    n_text, n_video = values["n_text"], values["n_video"]
    n_queries = n_text if values["protocol"]["v2t"] == "each-caption" else n_video
    lengths = {"text_ids": n_text, "video_ids": n_video, "t2v": n_text, "v2t": n_queries}
    pairs = not any(key in ranks for key in POSITIVES) or _are_pairs(ranks, n_text, n_video)
    return (
        {"t2v", "v2t"} <= ranks.keys()
        and pairs
        and all(
            ranks[key].shape == (n,) and (key.endswith("_ids") or _are_ranks(ranks[key]))
            for key, n in lengths.items()
            if key in ranks
        )
    )


def _are_ranks(values: NDArray[Any]) -> bool:
    """Whether they are 1 or more, or NaN where an item is no query."""
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values[:0]
    return values.dtype.kind == "f" and bool(((known >= 1) & (known < np.inf)).all())


def _are_pairs(ranks: Mapping[str, NDArray[Any]], n_text: int, n_video: int) -> bool:
    """Whether they are rows of texts and of videos that the ids name, and grades."""
    text, video, grades = (ranks.get(key) for key in POSITIVES)
    if text is None or video is None or not {"text_ids", "video_ids"} <= ranks.keys():
        return False
    rows = all(
        rows.ndim == 1 and rows.dtype.kind in "iu" and bool(((rows >= 0) & (rows < n)).all())
        for rows, n in ((text, n_text), (video, n_video))
    )
    same = text.shape == video.shape
    return (
        rows and same and (grades is None or (grades.shape, grades.dtype.kind) == (text.shape, "f"))
    )
