"""One similarity matrix under every evaluation rule: what each would have reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule
from vrbench.evaluation.case import Case
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.settings import Settings
from vrbench.normalizations import normalizations
from vrbench.sims.sim import DIRECTIONS, Direction

ORDER = ("ties", "median", "captions", "recall", "padding", "dual softmax")
"""What rules change, as reports list it; only the last changes the similarities themselves."""


def audit(
    data: Any,
    rules: Sequence[str] = (),
    k: Sequence[int] = (1, 5, 10),
    *,
    method: str = "tokenflow",
    norm: str = "none",
    bank: Any = None,
    text_video: Any = None,
) -> dict[str, Any]:
    """Return what every evaluation rule in use would have reported, as ``vrbench audit --json``.

    Args:
        data: what ``vrbench.evaluate`` takes.
        rules: specs of rules with other parameters, in place of their defaults.
        k: the K of R@K.
        method: spec of the alignment; not read where similarities are given.
        norm: spec of the normalization.
        bank: as in ``vrbench.evaluate``.
        text_video: (n_text,) row of each text's video, for arrays.

    Raises:
        InputError: something in the input is wrong; the sentence says what.
    """
    settings = Settings(tuple(k))
    evaluation = Evaluation.open(data, settings, bank=bank, text_video=text_video)
    return audit_case(evaluation.case(method, norm), rules)


def audit_case(case: Case, specs: Sequence[str] = ()) -> dict[str, Any]:
    """Report a case's similarities, after its norm, under every registered evaluation rule.

    Args:
        case: what to look at; alignment levels are averaged.
        specs: rules with other parameters than their own; each stands in place of its default.

    Returns:
        ``features`` (file, sha256), ``norm``, ``n_text``, ``n_video``, ``tied`` (share of queries
        with a tied negative, by direction), ``rules``: a list of ``rule`` (spec), ``changes``,
        ``source`` and by direction ``n`` and ``metrics``, or None where it has nothing to decide;
        ``spread``: by direction and metric the least and greatest value over the rules that leave
        the similarities as they are, ``spread_with_dual_softmax``: over all. ``method`` where an
        alignment made them.

    Raises:
        InputError: an item cannot be scored, or a spec is wrong.
    """
    source, truth = case.source, case.source.truth
    normed = case.norm.needs_bank
    norm = normalizations.spec(case.norm) if normed else source.given_norm
    audited = Audited(case.normalized, truth, case.settings.k, norm)
    rows = [_row(rule, audited) for rule in _chosen(specs)]
    unchanged = [row for row in rows if row["changes"] != ORDER[-1]]
    return {
        "features": source.about["features"],
        **({"method": case.method.spec} if case.method else {}),
        "norm": norm,
        "n_text": truth.n_text,
        "n_video": truth.n_video,
        "captions": {"least": int(truth.captions.min()), "most": int(truth.captions.max())},
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
