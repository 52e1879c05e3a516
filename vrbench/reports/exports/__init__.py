"""Results in the formats of other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from vrbench.reports.exports.model_index import write_model_index
from vrbench.reports.exports.mteb import write_mteb
from vrbench.reports.exports.ranks import write_ranks
from vrbench.reports.exports.wide import write_csv
from vrbench.results.result import Result

FORMATS: dict[str, Callable[[Sequence[Result], Path], None]] = {
    "csv": write_csv,
    "mteb": write_mteb,
    "model-index": write_model_index,
    "ranks": write_ranks,
}

__all__ = ["FORMATS", "write_csv"]
