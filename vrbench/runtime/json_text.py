"""Reading untrusted JSON: files, and texts inside other files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.runtime.inputs import reading

REMEDY = "mend it or take it away"
DEPTH = 100
"""Most levels of nesting, since later code may recurse through a value."""
MOST = 2_000_000_000
"""Most bytes of a file, more than any annotations have."""


def read_json(path: Path, remedy: str = REMEDY, problem: str = "is not JSON") -> Any:
    """Return the value in a JSON file, UTF-8 with or without a byte order mark.

    Args:
        path: the file.
        remedy: end of the error's sentence: what the user can do.
        problem: middle of the error's sentence: what is wrong.

    Raises:
        InputError: it is missing, no file, too large, or as ``parse_json`` says.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is no file: {remedy}.")
    with reading(path, remedy, problem):
        if path.stat().st_size > MOST:
            raise InputError(f"{path} has more than {MOST:,} bytes: {remedy}.")
        text = path.read_bytes()
    return parse_json(text, str(path), remedy, problem)


def parse_json(
    text: str | bytes, where: str, remedy: str = REMEDY, problem: str = "is not JSON"
) -> Any:
    """Return the value of a JSON text.

    Args:
        text: as str, or as UTF-8 with or without a byte order mark.
        where: what it is, for messages.
        remedy: end of the error's sentence: what the user can do.
        problem: middle of the error's sentence: what is wrong.

    Raises:
        InputError: it is no JSON, not UTF-8, deeper than ``DEPTH``, or an object in it has a key
            twice: readers differ in which of the values they take.
    """

    def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise InputError(f"{where} has the key '{twice}' twice in one object: keep one.")
        return found

    with reading(where, remedy, problem):
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = json.loads(text, object_pairs_hook=unique)
        if _deeper(value, DEPTH):
            raise InputError(f"{where} is nested more than {DEPTH} levels deep: {remedy}.")
    return value


def _deeper(value: Any, depth: int) -> bool:
    """Whether lists and objects in it lie in each other more than ``depth`` times."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        parts = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for part in parts for one in part if isinstance(one, dict | list)]
    return bool(level)
