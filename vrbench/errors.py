"""The one error a user can cause, and the hint that goes with a mistyped name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 600
"""Most characters of a message."""
MOST_NAMES = 10
"""Most names that a message lists."""


class InputError(ValueError):
    """The input is wrong; the message is one sentence saying what, where and what to do.

    The command line prints the message and exits with code 2. Of a message that is too long, as
    with a name of a thousand characters in it, the middle is left out.
    """

    def __init__(self, message: str) -> None:
        if len(message) > LONGEST:
            half = LONGEST // 2 - 3
            message = f"{message[:half]} ... {message[-half:]}"
        super().__init__(message)


class PluginError(InputError):
    """A method from outside raised what is no ``InputError``: no item is skipped for it."""


def shown(names: Iterable[str]) -> str:
    """Return names for a message: the first ones, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return ", ".join(found[:MOST_NAMES]) + more


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return ``" Did you mean 'scan'?"`` for a near miss of one of ``names``, else ``""``.

    Case is ignored.
    """
    known = {known.casefold(): known for known in names}
    close = get_close_matches(name.casefold(), known, n=1, cutoff=0.5)
    return f" Did you mean '{known[close[0]]}'?" if close else ""
