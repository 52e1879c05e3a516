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
    from vrbench.evaluation.evaluate import evaluate
    from vrbench.features import Features, Tokens
    from vrbench.features import open_features as open  # noqa: A004  the promised name
    from vrbench.heads.head import Head
    from vrbench.heads.scoring import score
    from vrbench.metrics import diagnostics
    from vrbench.normalizations.apply import normalize
    from vrbench.results.result import Result, Results
    from vrbench.sims.sim import Sim
    from vrbench.training.train import train

_NAMES = {
    "Features": ("vrbench.features", "Features"),
    "Result": ("vrbench.results", "Result"),
    "Results": ("vrbench.results", "Results"),
    "Sim": ("vrbench.sims.sim", "Sim"),
    "Tokens": ("vrbench.features", "Tokens"),
    "diagnostics": ("vrbench.metrics.diagnostics", None),
    "Head": ("vrbench.heads.head", "Head"),
    "evaluate": ("vrbench.evaluation.evaluate", "evaluate"),
    "heads": ("vrbench.heads", None),
    "losses": ("vrbench.losses", None),
    "metrics": ("vrbench.metrics", None),
    "normalize": ("vrbench.normalizations.apply", "normalize"),
    "open": ("vrbench.features", "open_features"),
    "score": ("vrbench.heads.scoring", "score"),
    "sequences": ("vrbench.sequences", None),
    "tasks": ("vrbench.tasks", None),
    "train": ("vrbench.training.train", "train"),
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
    "diagnostics",
    "evaluate",
    "heads",
    "losses",
    "metrics",
    "normalize",
    "open",
    "score",
    "sequences",
    "tasks",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'vrbench' has no attribute '{name}'")
    module, attribute = _NAMES[name]
    found = importlib.import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
