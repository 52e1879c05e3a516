"""Peak memory of the trainings of the page on heads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.heads_runs import Training, keep_peak, learn, peak_path
from docs.trained import SEEDS, processes
from vrbench.features import open_features


def peaks(fit: Path, trainings: Iterable[Training]) -> dict[Training, int]:
    """Return the most bytes that are resident in a process which trains one head, by training.

    It opens the features and holds them, validates before training and after each epoch, and writes
    the head. A training that was not alone in its process is begun again, for one epoch.

    Args:
        fit: feature file of the training videos.
        trainings: whose closed forms are there.
    """
    found = {}
    for one in trainings:
        path = peak_path(one)
        if not path.is_file():
            with processes(alone=True) as pool:
                pool.submit(_measure, fit, replace(one, epochs=1)).result()
        found[one] = int(json.loads(path.read_text(encoding="utf-8"))["peak"])
    return found


def _measure(fit: Path, one: Training) -> None:
    """Train one epoch in this process, which does nothing else."""
    with TemporaryDirectory() as folder, open_features(fit) as features:
        learn(features, one, SEEDS[0], Path(folder) / "head.safetensors")
    keep_peak(one)
