"""vrbench: benchmark and reproduction toolkit for text-video retrieval over stored features.

The public names are imported when first used, so that ``import vrbench`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vrbench._version import VERSION as __version__  # noqa: N811  the usual name
from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench import heads, losses, metrics, sequences, tasks
    from vrbench.alignments.prototypes import alignment
    from vrbench.api import compare, plot, table, tune
    from vrbench.auditing import audit
    from vrbench.evaluation.evaluate import evaluate
    from vrbench.evaluation.fusion import fuse
    from vrbench.features import Features, Tokens, open_features
    from vrbench.features.pooled_file import pool
    from vrbench.heads.head import Head
    from vrbench.heads.scoring import score
    from vrbench.metrics import diagnostics
    from vrbench.normalizations.apply import normalize
    from vrbench.results.result import Result, Results
    from vrbench.sims.sim import Sim
    from vrbench.training.train import train

    open = open_features  # noqa: A001  the promised name

_NAMES = {
    "Features": ("vrbench.features", "Features"),
    "Result": ("vrbench.results", "Result"),
    "Results": ("vrbench.results", "Results"),
    "Sim": ("vrbench.sims.sim", "Sim"),
    "Tokens": ("vrbench.features", "Tokens"),
    "alignment": ("vrbench.alignments.prototypes", "alignment"),
    "audit": ("vrbench.auditing", "audit"),
    "compare": ("vrbench.api", "compare"),
    "diagnostics": ("vrbench.metrics.diagnostics", None),
    "Head": ("vrbench.heads.head", "Head"),
    "evaluate": ("vrbench.evaluation.evaluate", "evaluate"),
    "fuse": ("vrbench.evaluation.fusion", "fuse"),
    "heads": ("vrbench.heads", None),
    "losses": ("vrbench.losses", None),
    "metrics": ("vrbench.metrics", None),
    "normalize": ("vrbench.normalizations.apply", "normalize"),
    "open": ("vrbench.features", "open_features"),
    "plot": ("vrbench.api", "plot"),
    "pool": ("vrbench.features.pooled_file", "pool"),
    "score": ("vrbench.heads.scoring", "score"),
    "sequences": ("vrbench.sequences", None),
    "table": ("vrbench.api", "table"),
    "tasks": ("vrbench.tasks", None),
    "train": ("vrbench.training.train", "train"),
    "tune": ("vrbench.api", "tune"),
}

__all__ = [
    "Features",
    "Head",
    "InputError",
    "Result",
    "Results",
    "Sim",
    "Tokens",
    "__version__",
    "alignment",
    "audit",
    "compare",
    "diagnostics",
    "evaluate",
    "fuse",
    "heads",
    "losses",
    "metrics",
    "normalize",
    "plot",
    "pool",
    "score",
    "sequences",
    "table",
    "tasks",
    "train",
    "tune",
]
"""Names of ``from vrbench import *``: without ``open``, which would hide the builtin."""


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'vrbench' has no attribute '{name}'")
    module, attribute = _NAMES[name]
    found = importlib.import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "open"]
