"""A grid on a feature file in one call: what ``vrbench eval`` does, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from vrbench.evaluation.plan import Settings, plan
from vrbench.evaluation.run import Run
from vrbench.evaluation.sources.base import Compute
from vrbench.evaluation.sources.opening import open_source
from vrbench.features import Features
from vrbench.results.result import Results
from vrbench.runtime.memory import parse_size


def evaluate(
    features: Features | str | Path,
    method: str | Sequence[str] = "tokenflow",
    norm: str | Sequence[str] = "none",
    bank: str | Path | None = None,
    *,
    sequence: str | None = None,
    k: Sequence[int] = (1, 5, 10),
    ties: str = "mean",
    v2t: str = "best-caption",
    precision: Literal["single", "double"] = "single",
    limit: int | None = None,
    limit_ids: Sequence[str] | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    overwrite: bool = False,
    memory: str | None = None,
    workers: int | None = None,
    device: str = "auto",
    matrix: bool = True,
) -> Results:
    """Score, normalize and measure a grid of methods and norms on a feature file.

    Args:
        features: an open feature file, or its path.
        method: spec or specs of alignments.
        norm: spec or specs of normalizations.
        bank: ``none``, ``train``, ``test``, ``rolling`` (for each query those before it, and
            itself), ``rolling:N`` (of those before it the last N), or the path of a feature or
            similarity file; None: what each norm takes by default.
        sequence: spec of a sequence alignment: paragraphs against long videos.
        k: the K of R@K.
        ties: ``mean``, ``optimistic`` or ``pessimistic``.
        v2t: ``best-caption``, ``group-max`` or ``each-caption``.
        precision: ``single`` or ``double``.
        limit: the first N videos with their texts.
        limit_ids: the videos with these ids, with their texts.
        seed: recorded.
        out: folder for result files; what exists there is read, not made again.
        overwrite: make it again.
        memory: bound of the process's resident memory, such as ``2GB``.
        workers: threads.
        device: ``auto``, ``cpu`` or ``cuda``.
        matrix: False keeps no similarities, for norm ``none``: each direction is scored row by
            row, and ``emd`` is ranked by bounds.

    Returns:
        Results in grid order, methods before norms.

    Raises:
        InputError: something in the input is wrong; the sentence says what.
    """
    compute = Compute(
        precision, device, workers, None if memory is None else parse_size(memory), matrix
    )
    ids = None if limit_ids is None else tuple(limit_ids)
    settings = Settings(tuple(k), ties, v2t, precision, limit, ids, seed)
    kind, source = open_source(features, None, bank, compute, settings, sequence)
    methods = [method] if isinstance(method, str) else list(method)
    norms = [norm] if isinstance(norm, str) else list(norm)
    folder = None if out is None else Path(out)
    jobs = plan(source, settings, methods, norms, kind, None if overwrite else folder)
    return Results(Run(source, settings, compute, folder).run(jobs))
