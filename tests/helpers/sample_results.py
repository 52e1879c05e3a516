"""Result dicts for the tests of tables, formats and labels."""

from __future__ import annotations

from typing import Any, cast

from vrbench.results.schema import ResultDict
from vrbench.results.schema_parts import BankAbout


def sample_result(**changes: Any) -> ResultDict:
    """Return one result with the keys of a result file, some of them changed."""
    metrics = {"R@1": 8.375, "R@5": 23.75, "R@10": 32.4, "MdR": 27.5, "MnR": 70.25, "tied": 0.0}
    shares = {"under": 0.4125, "once": 0.3, "over": 0.2875, "hub_skewness": 3.0}
    values: ResultDict = {
        "schema": 1,
        "dataset": "msrvtt-476",
        "split": "test",
        "encoder": "toy",
        "features": {"file": "f.h5", "sha256": "0123456789abcdef" * 4},
        "method": "global",
        "norm": "none",
        "sequence": None,
        "bank": {"kind": "none", "n_text": 0, "n_video": 0},
        "n_text": 476,
        "n_video": 476,
        "protocol": {"ties": "mean", "v2t": "best-caption"},
        "metrics": {"t2v": metrics, "v2t": {**metrics, "R@1": 9.5}},
        "diagnostics": {
            "t2v": {"normalization_error": 0.5, **shares},
            "v2t": {"normalization_error": None, **shares},
        },
        "seconds": {"score": 0.1},
        "provenance": {"vrbench": "0.1.0", "date": "2026-11-21T10:00:00"},
        "ranks": "global-1a2b.npz",
    }
    return cast(ResultDict, {**values, **changes})


TRAIN_BANK: BankAbout = {"kind": "train", "n_text": 1200, "n_video": 1000}
TEST_BANK: BankAbout = {"kind": "test", "n_text": 476, "n_video": 476}
