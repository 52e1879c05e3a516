"""Normalizations: transforms of a similarity matrix that make retrieval of its items fair."""

from __future__ import annotations

from vrbench.normalizations.base import Normalization
from vrbench.registry import Registry

normalizations: Registry[Normalization] = Registry(
    "norm", "vrbench.normalizations", base=Normalization
)
