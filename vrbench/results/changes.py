"""What a norm changed: the raw similarities as a row of their own, and the change of R@1."""

from __future__ import annotations

from collections.abc import Sequence

from vrbench.metrics.table import named
from vrbench.results import labels
from vrbench.results.schema import ResultDict
from vrbench.results.schema_parts import BankAbout
from vrbench.sims.sim import Direction

CHANGE_HEADS = ("+R@1", "p")
CHANGE = (
    "+R@1, p: change of R@1 against the raw similarities, and its p-value (exact McNemar test, "
    "two-sided)."
)
"""What these columns mean."""


def with_raw(results: Sequence[ResultDict]) -> list[ResultDict]:
    """Put the raw similarities before the first normalized result of each method."""
    shown: list[ResultDict] = []
    seen = {labels.method(result) for result in results if result["norm"] == "none"}
    for result in results:
        raw = result.get("raw")
        if raw and labels.method(result) not in seen:
            seen.add(labels.method(result))
            bank: BankAbout = {"kind": "none", "n_text": 0, "n_video": 0}
            shown.append({**result, **raw, "norm": "none", "bank": bank, "change": None})
        shown.append(result)
    return shown


def any_changed(results: Sequence[ResultDict]) -> bool:
    """Whether a result has a change to show."""
    return any(result.get("change") for result in results)


def change(result: ResultDict, direction: Direction) -> list[tuple[str, float | None]]:
    """Return the change of R@1 and its p-value, as they are printed and as numbers."""
    changes = result.get("change")
    if not changes:
        return [("", None), ("", None)]
    found = changes[direction]
    difference = f"{found['R@1']:+.{named('R@1').decimals}f}"
    return [(difference, found["R@1"]), (labels.p_value(found["p"]), found["p"])]
