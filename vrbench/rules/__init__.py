"""Evaluation rules in use: what each would report of the same similarities."""

from __future__ import annotations

from vrbench.registry import Registry
from vrbench.rules.base import Rule

rules: Registry[Rule] = Registry("evaluation rule", "vrbench.rules")
