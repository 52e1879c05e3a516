"""One similarity matrix under every evaluation rule: what each would have reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NotRequired, TypedDict

import numpy as np

from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Audited, Reported, Rule
from vrbench.evaluation.case import Case
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.settings import Settings
from vrbench.normalizations import normalizations
from vrbench.results.schema import FeaturesAbout
from vrbench.runtime.progress import Progress, counted
from vrbench.sims.sim import DIRECTIONS, Direction

RANKING = ("ties", "median", "captions", "recall", "padding")
"""What rules change that leave the similarities themselves as they are."""
ORDER = (*RANKING, "frames", "candidates", "sign", "dual softmax")
"""What rules change, as reports list it."""

Spread = dict[Direction, dict[str, list[float]]]
"""By direction and metric the least and the greatest value."""


class RuleNumbers(TypedDict):
    """What a rule reports of one direction: ``n`` entries, and their metrics."""

    n: int
    metrics: dict[str, float]


class RuleRow(TypedDict):
    """A rule and what it reports; None where it has nothing to decide."""

    rule: str
    changes: str
    source: str
    t2v: RuleNumbers | None
    v2t: RuleNumbers | None


class MostAndLeast(TypedDict):
    """The fewest and the most captions of a video."""

    least: int
    most: int


class MadeBy(TypedDict):
    """The alignment that made the similarities, where there is one."""

    method: NotRequired[str]


class AuditReport(MadeBy):
    """Similarities under every rule; ``tied`` is the share of queries with a tied negative.

    ``spread`` is over the rules that leave the similarities as they are, the other over all rules.
    """

    features: FeaturesAbout
    norm: str
    n_text: int
    n_video: int
    captions: MostAndLeast
    tied: dict[Direction, float]
    rules: list[RuleRow]
    spread: Spread
    spread_with_dual_softmax: Spread


def audit(
    data: Any,
    rules: Sequence[str] = (),
    k: Sequence[int] = (1, 5, 10),
    *,
    method: str = "tokenflow",
    norm: str = "none",
    bank: Any = None,
    text_video: Any = None,
) -> AuditReport:
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


def audit_case(
    case: Case, specs: Sequence[str] = (), progress: Progress | None = None
) -> AuditReport:
    """Report a case's similarities, after its norm, under every registered evaluation rule.

    Args:
        case: what to look at; alignment levels are averaged.
        specs: rules with other parameters than their own; each stands in place of its default.
        progress: is told how many rules are done.

    Raises:
        InputError: an item cannot be scored, or a spec is wrong.
    """
    source, truth = case.source, case.source.truth
    normed = case.norm.needs_bank
    norm = normalizations.spec(case.norm) if normed else source.given_norm
    several = case.sim if norm == "none" and np.ndim(case.sim.t2v) > 2 else None
    audited = Audited(case.normalized, truth, case.settings.k, norm, several)
    chosen = _chosen(specs)
    rows = [_row(rule, audited) for rule in counted(chosen, "rules", len(chosen), progress)]
    unchanged = [row for row in rows if row["changes"] in RANKING]
    made_by: MadeBy = {"method": case.method.spec} if case.method else {}
    return {
        "features": source.about["features"],
        **made_by,
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
    """Return every rule, by what it changes; given specs in place of the defaults.

    Raises:
        InputError: a spec is wrong, or a rule has a parameter without a default.
    """
    given = [rules.parse(spec) for spec in specs]
    replaced = {type(rule) for rule in given}
    known = rules.classes().items()
    defaults = [rules.parse(name) for name, cls in known if cls not in replaced]
    return sorted([*defaults, *given], key=lambda rule: (_place(rule.changes), rules.spec(rule)))


def _place(changes: str) -> tuple[int, str]:
    """Return where a report lists what rules change; a plug-in's own words come last."""
    return ORDER.index(changes) if changes in ORDER else len(ORDER), changes


def _row(rule: Rule, audited: Audited) -> RuleRow:
    with rules.calling(rule):
        t2v, v2t = (_numbers(rule.report(audited, direction)) for direction in DIRECTIONS)
    return {
        "rule": rules.spec(rule),
        "changes": rule.changes,
        "source": rule.source,
        "t2v": t2v,
        "v2t": v2t,
    }


def _numbers(found: Reported | None) -> RuleNumbers | None:
    return None if found is None else {"n": found.n, "metrics": found.metrics}


def _spread(rows: Iterable[RuleRow]) -> Spread:
    spread: Spread = {d: {} for d in DIRECTIONS}
    for row in rows:
        for direction in DIRECTIONS:
            reading = row[direction]
            for metric, value in reading["metrics"].items() if reading else ():
                seen = spread[direction].setdefault(metric, [value, value])
                seen[:] = [min(seen[0], value), max(seen[1], value)]
    return spread
