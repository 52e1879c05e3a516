"""Evaluation rules in use: what each would report of the same similarities."""

from __future__ import annotations

from vrbench.auditing.rules.base import Rule
from vrbench.registry import Registry

rules: Registry[Rule] = Registry(
    "evaluation rule", "vrbench.auditing.rules", base=Rule, group="vrbench.rules"
)
