"""Figures: numbers first, as rows of a CSV; pictures of them where matplotlib is there."""

from __future__ import annotations

from vrbench.figures.base import Figure
from vrbench.registry import Registry

figures: Registry[Figure] = Registry("figure", "vrbench.figures", base=Figure)
