"""Feature files with and without a bank to evaluate, and the matrices of their parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_features import BANK_COUNTS, COUNTS, write_features

import vrbench

OWNER = np.repeat(np.arange(len(COUNTS)), COUNTS)
N_TEXT, N_VIDEO = len(OWNER), len(COUNTS)
N_BANK_TEXT, N_BANK_VIDEO = sum(BANK_COUNTS), len(BANK_COUNTS)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feature file with a bank."""
    return write_features(tmp_path_factory.mktemp("features") / "small.h5")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without a bank."""
    return write_features(tmp_path_factory.mktemp("features") / "bare.h5", bank=())


def matrices(path: Path, method: str) -> tuple[Any, dict[str, Any]]:
    """Similarities of the test set, and those of the bank by direction."""
    with vrbench.open(path) as features:
        sim = vrbench.score(features.text, features.video, method)
        assert features.bank_text is not None
        assert features.bank_video is not None
        t2v = vrbench.score(features.bank_text, features.video, method).t2v
        v2t = vrbench.score(features.text, features.bank_video, method).v2t
    return sim, {"t2v": t2v, "v2t": v2t}


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in sorted(folder.iterdir())}
