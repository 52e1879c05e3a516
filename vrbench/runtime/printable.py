"""Making text of files safe for terminals, pages and spreadsheets.

What a file says is kept as it is and passes here where it leaves: ``cli/app.py`` and
``cli/printing/`` print lines and tables, ``tables/`` holds printable text only, ``reports/``
escapes, ``figures/plot.py`` writes CSV. JSON needs none of it: every control character is escaped
there.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters and bidirectional controls, which terminals interpret."""

_FORMULA = re.compile(r"\s*[=+\-@\uff0b\uff0d\uff1d\uff20]")
"""First characters of cells that spreadsheets evaluate, full-width forms included."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

T = TypeVar("T")


def one_line(text: str) -> str:
    """Return text of a file on one line, without characters that a terminal interprets."""
    return _CONTROLS.sub("\ufffd", _BREAKS.sub(" ", text))


def printable(value: T) -> T:
    """Return a dataclass, a tuple or a string with ``one_line`` of every string in it."""
    found: Any = value
    if isinstance(value, str):
        found = one_line(value)
    elif isinstance(value, tuple):
        found = tuple(map(printable, value))
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        found = replace(value, **{name: printable(part) for name, part in parts.items()})
    return cast(T, found)


def csv_cell(value: Any) -> Any:
    """Return a cell of a CSV file; text that a spreadsheet would evaluate gets an apostrophe.

    Text that begins with ``=``, ``+``, ``-`` or ``@`` and is no number is a formula there; after an
    apostrophe it is text, as OWASP advises against CSV injection.
    """
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
