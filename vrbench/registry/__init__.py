"""Registries of methods, the specs that name them, and where each of them comes from."""

from __future__ import annotations

from vrbench.registry.checks import is_readable
from vrbench.registry.explained import Explained, described, explain
from vrbench.registry.failures import TRACEBACK, raised
from vrbench.registry.files import load_file
from vrbench.registry.origins import Origin, OriginDict, origin, origins, set_unknown
from vrbench.registry.registry import Registry
from vrbench.registry.specs import format_value, parameters, split_sum, summands

__all__ = [
    "TRACEBACK",
    "Explained",
    "Origin",
    "OriginDict",
    "Registry",
    "described",
    "explain",
    "format_value",
    "is_readable",
    "load_file",
    "origin",
    "origins",
    "parameters",
    "raised",
    "set_unknown",
    "split_sum",
    "summands",
]
