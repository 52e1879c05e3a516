"""Figures: numbers as rows of a CSV, and pictures of them where matplotlib is installed."""

from __future__ import annotations

from vrbench.figures.base import Figure
from vrbench.registry import Registry

figures: Registry[Figure] = Registry("figure", "vrbench.figures", base=Figure)
