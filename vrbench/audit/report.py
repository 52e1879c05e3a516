"""One similarity matrix under every evaluation rule: what each would have reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vrbench.audit.rules import rules
from vrbench.audit.rules.base import Audited, Reported, Rule
from vrbench.evaluation.plan import Settings
from vrbench.sims.file import SimFile, load_sim
from vrbench.sims.sim import DIRECTIONS, Direction

ORDER = ("ties", "median", "captions", "recall", "padding", "dual softmax")
"""What rules change, as reports list it; only the last changes the similarities themselves."""


def audit(
    sim: str | Path | SimFile, specs: Sequence[str] = (), k: Sequence[int] = (1, 5, 10)
) -> dict[str, Any]:
    """Report a similarity file under every registered evaluation rule.

    Args:
        sim: a similarity file, open or its path; alignment levels are averaged.
        specs: rules with other parameters than their own; each stands in place of its default.
        k: the K of R@K.

    Returns:
        ``features`` (file, sha256), ``norm``, ``n_text``, ``n_video``, ``tied`` (share of queries
        with a foreign tie, by direction), ``rules``: a list of ``rule`` (spec), ``changes``,
        ``source`` and by direction ``n`` and ``metrics``, or None where it has nothing to decide;
        ``spread``: by direction and metric the least and greatest value over the rules that leave
        the similarities as they are, ``spread_with_dual_softmax``: over all.

    Raises:
        InputError: the file cannot be read, or a spec or K is wrong.
    """
    file = sim if isinstance(sim, SimFile) else load_sim(sim)
    ks = Settings(k=tuple(k)).k
    audited = Audited(file.sim.flat(), file.truth, ks, file.norm)
    rows = [_row(rule, audited) for rule in _chosen(specs)]
    unchanged = [row for row in rows if row["changes"] != ORDER[-1]]
    return {
        "features": {"file": file.path.name, "sha256": file.sha256()},
        "norm": file.norm,
        "n_text": file.truth.n_text,
        "n_video": file.truth.n_video,
        "captions": {
            "least": int(file.truth.captions.min()),
            "most": int(file.truth.captions.max()),
        },
        "tied": {d: audited.counts(d).tied_share for d in DIRECTIONS},
        "rules": rows,
        "spread": _spread(unchanged),
        "spread_with_dual_softmax": _spread(rows),
    }


def _chosen(specs: Sequence[str]) -> list[Rule]:
    """Return every rule, by what it changes; given specs in place of the defaults."""
    given = [rules.parse(spec) for spec in specs]
    replaced = {type(rule) for rule in given}
    defaults = [cls() for cls in rules.classes().values() if cls not in replaced]
    return sorted(
        [*defaults, *given], key=lambda rule: (ORDER.index(rule.changes), rules.spec(rule))
    )


def _row(rule: Rule, audited: Audited) -> dict[str, Any]:
    found: dict[Direction, Reported | None] = {d: rule.report(audited, d) for d in DIRECTIONS}
    return {
        "rule": rules.spec(rule),
        "changes": rule.changes,
        "source": rule.source,
        **{
            direction: None if one is None else {"n": one.n, "metrics": one.metrics}
            for direction, one in found.items()
        },
    }


def _spread(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """By direction and metric the least and greatest value."""
    spread: dict[str, dict[str, list[float]]] = {d: {} for d in DIRECTIONS}
    for row in rows:
        for direction in DIRECTIONS:
            for metric, value in (row[direction] or {"metrics": {}})["metrics"].items():
                seen = spread[direction].setdefault(metric, [value, value])
                seen[:] = [min(seen[0], value), max(seen[1], value)]
    return spread
