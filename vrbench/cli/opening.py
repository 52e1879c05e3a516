"""Opening the data of a command: a feature file, a similarity file, or the bundled features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.errors import InputError

if TYPE_CHECKING:
    from vrbench.evaluation.evaluation import Evaluation
    from vrbench.evaluation.sources.judged import Judgements


def open_evaluation(
    features: Path | None,
    from_sim: Path | None = None,
    bank: str | None = None,
    sequence: str | None = None,
    settings: Any = None,
    compute: Any = None,
    head: Path | None = None,
    judgements: Judgements | None = None,
) -> Evaluation:
    """Open the data of a command.

    Args:
        features: a feature file; None: the bundled one.
        from_sim: a similarity file instead.
        bank: value of ``--bank``.
        sequence: value of ``--sequence``.
        settings: settings that decide a result; None: the defaults.
        compute: settings of the computation; None: the defaults.
        head: value of ``--head``.
        judgements: values of ``--qrels`` and ``--from-run``.

    Raises:
        InputError: a file is missing or malformed, or both are given.
    """
    from vrbench.bundled import bundled_features
    from vrbench.evaluation.evaluation import Evaluation
    from vrbench.features import open_features
    from vrbench.heads import load
    from vrbench.runtime.memory import set_bound
    from vrbench.sims.file import load_sim

    if from_sim and features:
        raise InputError("--from-sim takes no feature file.")
    set_bound(compute and compute.memory)  # what is read counts already
    data = load_sim(from_sim) if from_sim else open_features(features or bundled_features())
    learnt = load(head) if head else None
    how: dict[str, Any] = {"bank": bank, "sequence": sequence, "head": learnt}
    how |= {} if judgements is None else {"judgements": judgements}
    return Evaluation.open(data, settings, compute, **how)


def read_ids(path: Path | None) -> tuple[str, ...] | None:
    """Read a file with a video id a line; None where there is none.

    Raises:
        InputError: it cannot be read, names no video, or names one twice.
    """
    if path is None:
        return None
    from collections import Counter

    from vrbench.runtime.inputs import reading

    with reading(path, "write one video id a line", "is not a text file"):
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    ids = tuple(line.strip() for line in lines if line.strip())
    for twice, count in Counter(ids).most_common(1):
        if count > 1:
            raise InputError(f"{path} names '{twice}' {count} times: keep one of them.")
    if not ids:
        raise InputError(f"{path} names no video: write one id a line.")
    return ids
