"""File names in numeric order: 1, 2, ..., 10, where the order of texts is 1, 10, ..., 2.

Every reader of ordered files uses this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

Key = tuple[str | Decimal, ...]

_SIGN = r"(?:^|(?<=_))-"
_SIGNED = re.compile(rf"{_SIGN}[0-9]")
_WHOLE = re.compile(rf"((?:{_SIGN})?[0-9]+)")
_DECIMAL = re.compile(rf"((?:{_SIGN})?[0-9]+(?:\.[0-9]+)?)")
_FRACTION = re.compile(r"[0-9]\.([0-9]+)")
_CHAIN = re.compile(r"[0-9]\.[0-9]+\.[0-9]")
_ENDING = re.compile(r"\.[0-9]*[A-Za-z]\w*")
_NO_DIGITS = dict.fromkeys(map(ord, "123456789"), "0")

NUMERIC = "in numeric order (2 before 10), not in that of their names as text (10 before 2)"
"""Phrase for a note on files where the two orders differ."""


def numeric_order(paths: Iterable[Path]) -> list[Path]:
    """Return the entries of a folder in numeric order of their names, endings of files left out.

    Names are compared piece by piece, digits by their value and other pieces as text. A minus at
    the start or after ``_`` is a sign (-1, 0, 1; t_-1, t_0); elsewhere it is a separator (a-1,
    a-2). Names that are equal so far (1 and 01, 1.jpg and 1.png) are ordered as texts. The order
    depends only on the set of names.
    """
    plain = sorted(paths)
    keys = dict(zip(plain, numeric_keys(plain), strict=True))
    return sorted(plain, key=keys.__getitem__)


def is_renumbered(paths: Iterable[Path]) -> bool:
    """Whether numeric order differs from the order of the names as text."""
    plain = sorted(paths)
    return numeric_order(plain) != plain


def numeric_keys(paths: Sequence[Path]) -> list[Key]:
    """Return the sort key of each name: equal where only zeros and endings differ.

    A dot between digits is a decimal point (0.04, 0.2, 1.0) unless one of the names shows that it
    separates counts: 1.9 and 1.10, since decimals have no trailing zero, or 1.2.3. Where all
    numbers after the dot are equally long, both readings give the same order.
    """
    shapes = {path.name.translate(_NO_DIGITS) for path in paths}
    if len(shapes) == 1 and not _SIGNED.search(shapes.pop()):  # padded with zeros: both agree
        return [(path.name,) for path in paths]
    names = [path.stem if _ENDING.fullmatch(path.suffix) else path.name for path in paths]
    number = _DECIMAL if _has_decimals(names) else _WHOLE
    return [
        tuple(Decimal(part) if at % 2 else part for at, part in enumerate(number.split(name)))
        for name in names
    ]


def _has_decimals(names: Sequence[str]) -> bool:
    if any(_CHAIN.search(name) for name in names):
        return False
    fractions = (found for name in names for found in _FRACTION.findall(name))
    return not any(len(fraction) > 1 and fraction.endswith("0") for fraction in fractions)
