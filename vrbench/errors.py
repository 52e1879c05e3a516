"""The one error a user can cause, and the hint that goes with a mistyped name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """The input is wrong; the message is one sentence saying what, where and what to do.

    The command line prints the message and exits with code 2.
    """


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return ``" Did you mean 'scan'?"`` for a near miss of one of ``names``, else ``""``.

    Case is ignored.
    """
    known = {known.casefold(): known for known in names}
    close = get_close_matches(name.casefold(), known, n=1, cutoff=0.5)
    return f" Did you mean '{known[close[0]]}'?" if close else ""
