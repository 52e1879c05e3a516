"""Lists of numbers on the command line."""

from __future__ import annotations

from vrbench.errors import InputError


def whole_numbers(text: str) -> tuple[int, ...]:
    """Read ``--k 1,5,10``.

    Raises:
        InputError: a part is no whole number.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"Cannot read --k {text}: write whole numbers such as 1,5,10.") from None
