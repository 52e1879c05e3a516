"""What a result file has to hold, said once; and whether rank vectors belong to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 1e300
"""Above any number that is measured; a whole number in JSON may be larger than a float."""


@dataclass(frozen=True)
class Kind:
    """A kind of value.

    Attributes:
        name: for messages.
        fits: whether a value is of this kind.
    """

    name: str
    fits: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value) and value >= 0


def _is_file(value: Any) -> bool:
    """Whether it names a file in the same folder."""
    return value is None or (isinstance(value, str) and PurePath(value).name == value != "..")


TEXT = Kind("a string", lambda value: isinstance(value, str))
TEXT_OR_NULL = Kind("a string or null", lambda value: value is None or isinstance(value, str))
NUMBER = Kind("a number", _is_number)
NUMBER_OR_NULL = Kind("a number or null", lambda value: value is None or _is_number(value))
COUNT = Kind("a whole number", _is_count)
FILE = Kind("the name of a file beside it, or null", _is_file)
TEXTS = Kind(
    "a list of strings",
    lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
)

_METRICS = {"R@#": NUMBER, "MdR": NUMBER, "MnR": NUMBER, "tied": NUMBER}
_SHARES = {"under": NUMBER, "once": NUMBER, "over": NUMBER}
_FAIRNESS = {"normalization_error": NUMBER_OR_NULL, **_SHARES}
_MEASURED = {
    "metrics": {"t2v": _METRICS, "v2t": _METRICS},
    "diagnostics": {"t2v": _FAIRNESS, "v2t": _FAIRNESS},
}
_CHANGE = {"R@1": NUMBER, "gained": NUMBER, "lost": NUMBER, "p": NUMBER}
_INFO = {
    "bucket_of": TEXT_OR_NULL,
    **dict.fromkeys(("bucket?", "offset?", "negative?"), NUMBER),
    "length_norm?": TEXT,
}

SHAPE: Mapping[str, Any] = {
    **dict.fromkeys(("dataset", "split", "encoder", "method"), TEXT_OR_NULL),
    "features": {"sha256": TEXT_OR_NULL},
    "norm": TEXT,
    "sequence?": TEXT,
    "sequence_info?": {"t2v?": _INFO, "v2t?": _INFO},
    "given_norm?": TEXT,
    "bank": {"kind": TEXT, "n_text": COUNT, "n_video": COUNT},
    "bank_distinct?": {"n_text": COUNT, "n_video": COUNT},
    "bank_shared?": {"n_text": COUNT, "n_video": COUNT},
    "n_text": COUNT,
    "n_video": COUNT,
    "notes?": TEXTS,
    "protocol": {"ties": TEXT, "v2t": TEXT},
    **_MEASURED,
    "error_gamma?": NUMBER,
    "raw?": _MEASURED,
    "change?": {"t2v": _CHANGE, "v2t": _CHANGE},
    "provenance": {"vrbench": TEXT, "date": TEXT},
    "ranks": FILE,
}
"""Every key that is read. ``?``: it may be missing or null; ``#``: for any whole number from 1;
what else a file holds may be anything."""


def problems(value: Any, shape: Any = SHAPE, where: str = "") -> Iterator[str]:
    """Yield what differs from ``shape``, as the end of a sentence."""
    if isinstance(shape, Kind):
        if not shape.fits(value):
            yield f"{where} is {_shown(value)}, expected {shape.name}"
        return
    if not isinstance(value, dict):
        yield f"{where} is {_shown(value)}, expected an object".strip()
        return
    for key, part in shape.items():
        name = key.rstrip("?#")
        path = f"{where}.{name}" if where else name
        if key.endswith("#"):
            yield from _numbered(value, name, part, where)
        elif name in value and not (key.endswith("?") and value[name] is None):
            yield from problems(value[name], part, path)
        elif not key.endswith("?"):
            yield f"{path} is missing"


def _numbered(value: Mapping[str, Any], start: str, part: Any, where: str) -> Iterator[str]:
    for key in value:
        if not key.startswith(start):
            continue
        if re.fullmatch(r"[1-9]\d{0,17}", key.removeprefix(start), re.ASCII):
            yield from problems(value[key], part, f"{where}.{key}")
        else:
            yield f"{where} holds {_shown(key)}, expected {start} and a whole number from 1"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def belong(ranks: Mapping[str, NDArray[Any]], values: Mapping[str, Any]) -> bool:
    """Whether both rank vectors are there, and they and the ids as a sound result asks for."""
    n_text, n_video = values["n_text"], values["n_video"]
    n_asking = n_text if values["protocol"]["v2t"] == "each-caption" else n_video
    lengths = {"text_ids": n_text, "video_ids": n_video, "t2v": n_text, "v2t": n_asking}
    return {"t2v", "v2t"} <= ranks.keys() and all(
        ranks[key].shape == (n,) and (key.endswith("_ids") or _are_ranks(ranks[key]))
        for key, n in lengths.items()
        if key in ranks
    )


def _are_ranks(values: NDArray[Any]) -> bool:
    """Whether they are 1 or more, or NaN where nothing is asked."""
    asked = values[~np.isnan(values)] if values.dtype.kind == "f" else values[:0]
    return values.dtype.kind == "f" and bool(((asked >= 1) & (asked < np.inf)).all())
