"""The content of a Result: data, method, protocol, numbers and provenance, as in the JSON."""

from __future__ import annotations

import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vrbench._version import VERSION
from vrbench.evaluation.case import Case
from vrbench.evaluation.plan import plugins
from vrbench.evaluation.settings import Compute, Settings
from vrbench.evaluation.sources.base import Source
from vrbench.features.overlap import Overlap
from vrbench.metrics.measure import Measured
from vrbench.normalizations import normalizations
from vrbench.normalizations.bank import BankSim
from vrbench.results.result import SCHEMA
from vrbench.results.significance import mcnemar
from vrbench.runtime.compiling import available
from vrbench.runtime.device import torch_device


def describe(case: Case) -> dict[str, Any]:
    """Return what was evaluated, how, and by whom."""
    source, settings, job = case.source, case.settings, case.job
    sim, bank, shared = case.sim, case.bank, case.overlap
    truth = source.truth
    n_text, n_video = bank.size(truth)
    given = "none" if job.norm.needs_bank else source.given_norm
    return {
        "schema": SCHEMA,
        "head": None,
        **source.about,
        "method": job.method.spec if job.method else None,
        "norm": normalizations.spec(job.norm),
        "sequence": source.sequence,
        **({"sequence_info": dict(sim.info)} if sim.info else {}),
        **({} if given == "none" else {"given_norm": given}),
        "bank": {"kind": job.bank, "n_text": n_text, "n_video": n_video},
        "bank_distinct": _distinct(bank),
        "bank_shared": None if shared is None else _by_side(shared),
        "transductive": (
            job.norm.counts_captions
            or _is_test_set(source, job.bank)
            or (shared is not None and shared.whole)
            or any(about.get("bucket_of") == "test" for about in sim.info.values())
        ),
        "n_text": truth.n_text,
        "n_video": truth.n_video,
        "limit": settings.limited,
        "protocol": {"ties": settings.ties, "v2t": settings.v2t},
        "provenance": _provenance(settings, case.compute) | plugins(source, job.method, job.norm),
        "ranks": None,
    }


def _distinct(bank: BankSim) -> dict[str, int] | None:
    """Return the number of distinct queries of a bank; None without one."""
    if bank.sim is None:
        return None
    return dict(zip(("n_text", "n_video"), bank.distinct, strict=True))


def _by_side(shared: Overlap) -> dict[str, int]:
    return {f"n_{side}": n for side, n in shared.shared.items()}


def _is_test_set(source: Source, bank: str) -> bool:
    """Whether the bank is the test set, by kind or because the same file was given."""
    same = source.bank_identity("file") == source.about["features"]["sha256"]
    return bank == "test" or (bank == "file" and same)


def numbers(measured: Measured, raw: Measured | None) -> dict[str, Any]:
    """Return metrics and diagnostics, and the same before normalization with what changed."""
    result: dict[str, Any] = {
        "metrics": measured.metrics,
        "diagnostics": measured.diagnostics,
        "raw": None,
        "change": None,
    }
    if raw is not None:
        result["raw"] = {"metrics": raw.metrics, "diagnostics": raw.diagnostics}
        result["change"] = {
            direction: _change(raw.ranks[direction], ranks)
            for direction, ranks in measured.ranks.items()
        }
    return result


def _change(before: Any, after: Any) -> dict[str, Any]:
    test = mcnemar(before, after)
    asked = int((~np.isnan(after)).sum())
    return {
        "R@1": 100 * (test.gained - test.lost) / asked,
        "gained": test.gained,
        "lost": test.lost,
        "p": test.p,
        "test": "exact McNemar, two-sided",
    }


def _provenance(settings: Settings, compute: Compute) -> dict[str, Any]:
    import torch

    from_shell = Path(sys.argv[0]).stem == "vrbench"
    return {
        "vrbench": VERSION,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "numba": version("numba") if available() else None,  # null: torch does the reductions
        "seed": settings.seed,
        "precision": settings.precision,
        "device": torch_device(compute.device),
        "command": shlex.join(["vrbench", *sys.argv[1:]]) if from_shell else "vrbench.evaluate",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
