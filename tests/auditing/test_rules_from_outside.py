"""Rules of plug-ins in a report: what they change may be anything, or nothing that is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from outside import plugged

import vrbench
from vrbench import InputError

RULES = """
from dataclasses import dataclass
from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Rule, reported

class Own(Rule):
    def report(self, audited, direction):
        return reported(audited.ranks(direction), audited.ks)

@rules.register("a-plain")
@dataclass(frozen=True)
class Plain(Own): pass

@rules.register("a-window")
@dataclass(frozen=True)
class Window(Own):
    changes = "window"

@rules.register("z-ties")
@dataclass(frozen=True)
class Ties(Own):
    changes = "ties"
"""

NEEDY = """
@rules.register("needy")
@dataclass(frozen=True)
class Needy(Own):
    size: int
"""

SIM = np.random.default_rng(0).uniform(size=(4, 4))


def test_what_no_report_knows_comes_last(tmp_path: Path) -> None:
    with plugged(tmp_path / "r.py", RULES):
        rows = [(row["changes"], row["rule"]) for row in vrbench.audit(SIM)["rules"]]
    assert rows[-2:] == [("", "a-plain"), ("window", "a-window")]
    assert ("ties", "z-ties") in rows[:-2]


def test_a_rule_whose_parameter_has_no_default_is_refused_unless_given(tmp_path: Path) -> None:
    with plugged(tmp_path / "r.py", RULES + NEEDY):
        with pytest.raises(InputError, match=r"^'needy' needs a value for size\.$"):
            vrbench.audit(SIM)
        vrbench.audit(SIM, ["needy:size=2"])
