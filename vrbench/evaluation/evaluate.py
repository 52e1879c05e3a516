"""A grid in one call: what ``vrbench eval`` does, from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from vrbench.alignments import Method
from vrbench.alignments.prototypes import method_of
from vrbench.evaluation.elsewhere import backend_of
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.evaluation.settings import Compute, Settings
from vrbench.evaluation.sources.judged import Judgements
from vrbench.heads.scoring import Given, as_head
from vrbench.results.result import Results
from vrbench.runtime.memory import parse_size

Chosen = str | Callable[..., Any]
"""An alignment: its spec, or a function of two token arrays."""


def evaluate(
    data: Any,
    method: Chosen | Sequence[Chosen] | None = None,
    norm: str | Sequence[str] = "none",
    bank: Any = None,
    *,
    text_video: Any = None,
    sequence: str | None = None,
    head: Given | None = None,
    bank_limit: int | None = None,
    k: Sequence[int] = (1, 5, 10),
    ties: str = "mean",
    v2t: str = "best-caption",
    precision: Literal["single", "double"] = "single",
    limit: int | None = None,
    limit_ids: Sequence[str] | None = None,
    seed: int = 0,
    side: str = "video",
    qrels: str | Path | None = None,
    from_run: str | Path | None = None,
    folds: int | None = None,
    interval: bool = False,
    label: str = "",
    out: str | Path | None = None,
    overwrite: bool = False,
    memory: str | None = None,
    workers: int | None = None,
    device: str = "auto",
    matrix: bool = True,
    processes: int | None = None,
    cluster: str | None = None,
    mixed: bool = False,
) -> Results:
    """Score, normalize and measure a grid of methods and norms.

    Args:
        data: a feature or similarity file, open or its path; a ``Sim``, or a (texts, videos)
            matrix of similarities; or a pair (texts, videos) of Tokens, of (n, d) vectors or of
            lists of (l, d) tokens, which are scaled to length 1.
        method: spec or specs of alignments, or functions of the tokens of a text and of a video
            (see ``vrbench.alignment``); not read where similarities are given. None: the one that
            the head was trained with, else ``tokenflow``.
        norm: spec or specs of normalizations.
        bank: ``none``, ``train``, ``test``, ``rolling`` (for each query those before it, and
            itself), ``rolling:N`` (of those before it the last N), or the path of a feature or
            similarity file; None: what each norm takes by default. For similarities in memory
            also an object or dict with ``t2v`` and ``v2t``, for a pair of arrays another pair:
            training queries.
        text_video: (n_text,) row of each text's video, for arrays; None: text i belongs to
            video i.
        sequence: spec of a sequence alignment: paragraphs against long videos.
        head: what texts, videos and bank go through: a Head, a head file, or arrays by name.
        bank_limit: the last K queries of a train bank, of each side.
        k: the K of R@K.
        ties: ``mean``, ``optimistic`` or ``pessimistic``.
        v2t: ``best-caption``, ``group-max`` or ``each-caption``.
        precision: ``single`` or ``double``.
        limit: the first N videos with their texts.
        limit_ids: the videos with these ids, with their texts.
        seed: recorded.
        side: what stands for a video: ``video``, ``audio`` (of the file's ``/audio``) or
            ``video+audio``, the mean of both.
        qrels: TREC qrels of texts and videos, with grades, in place of the data's pairs.
        from_run: TREC run: for a text only the videos that it lists compete in t2v.
        folds: the result is the mean of so many folds of the videos, with its spread.
        interval: bootstrap intervals stand in each result.
        label: name of the results, for tables and file names.
        out: folder for result files; what exists there is read, not made again.
        overwrite: make it again.
        memory: bound of the process's resident memory, such as ``2GB``.
        workers: threads.
        device: ``auto``, ``cpu`` or ``cuda``.
        matrix: False keeps no matrix of similarities, for norm ``none``, and ``emd`` is ranked by
            bounds.
        processes: processes on this machine that score; the results are the same.
        cluster: Dask scheduler whose workers score: ``tcp://HOST:PORT``, or its JSON file.
        mixed: take workers whose last bits may differ.

    Returns:
        Results in grid order, methods before norms.

    Raises:
        InputError: something in the input is wrong; the sentence says what.
    """
    bound = None if memory is None else parse_size(memory)
    ids = None if limit_ids is None else tuple(limit_ids)
    cut = (limit, ids, seed, bank_limit, side, folds, interval, label)
    settings = Settings(tuple(k), ties, v2t, precision, *cut)
    judgements = Judgements(*(None if f is None else Path(f) for f in (qrels, from_run)))
    learnt = None if head is None else as_head(head)
    folder = None if out is None else Path(out)
    blocks = None if folder is None else folder / ".blocks"
    with backend_of(processes, cluster, mixed) as backend:
        compute = Compute(precision, device, workers, bound, matrix, backend, blocks)
        evaluation = Evaluation.open(
            data,
            settings,
            compute,
            bank=bank,
            sequence=sequence,
            text_video=text_video,
            head=learnt,
            judgements=judgements,
        )
        method = evaluation.method if method is None else method
        norms = [norm] if isinstance(norm, str) else list(norm)
        jobs = evaluation.jobs(_methods(method), norms, None if overwrite else folder)
        return Results(evaluation.run(jobs, Output(folder)))


def _methods(given: Chosen | Sequence[Chosen]) -> list[str | Method]:
    """Return what was given, one or several, with the functions as methods."""
    if isinstance(given, str):
        return [given]
    several = list(given) if isinstance(given, Iterable) else [given]
    return [one if isinstance(one, str) else method_of(one) for one in several]
