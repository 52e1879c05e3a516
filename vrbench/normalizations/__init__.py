"""Normalizations: what is done to a similarity matrix so that every item is fairly retrieved."""

from __future__ import annotations

from vrbench.normalizations.base import Normalization
from vrbench.registry import Registry

normalizations: Registry[Normalization] = Registry(
    "norm", "vrbench.normalizations", base=Normalization
)
