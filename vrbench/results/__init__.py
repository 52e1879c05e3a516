"""Results: their type, files and labels, and the comparison of several."""

from vrbench.results.result import (
    SCHEMA,
    Result,
    Results,
    as_dicts,
    identity,
    load,
    load_all,
    save,
    stem,
    with_ranks,
)

__all__ = [
    "SCHEMA",
    "Result",
    "Results",
    "as_dicts",
    "identity",
    "load",
    "load_all",
    "save",
    "stem",
    "with_ranks",
]
