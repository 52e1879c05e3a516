"""Applying a normalization to both directions of a similarity, with any bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.normalizations.bank import BankSim
from vrbench.normalizations.base import Bank, Normalization, transformed
from vrbench.runtime.progress import Progress, phase
from vrbench.sims.sim import DIRECTIONS, Direction, Rows, Sim, as_matrix, as_sim, check_finite
from vrbench.sims.truth import Truth


@dataclass(frozen=True, eq=False)
class Normalized:
    """A normalized similarity.

    Attributes:
        sim: the new matrices, texts x videos.
        info: by direction, numbers that the normalization reports.
    """

    sim: Sim
    info: dict[str, dict[str, float]] = field(default_factory=dict)


def apply(
    norm: Normalization, sim: Sim, bank: BankSim, truth: Truth, progress: Progress | None = None
) -> Normalized:
    """Normalize each direction that ``sim`` has.

    Args:
        norm: the normalization.
        sim: similarities.
        bank: the bank that it is fitted on.
        truth: the positive pairs.
        progress: called as (direction, parts done, parts): queries under a rolling bank.

    Raises:
        InputError: the bank's shape does not fit, or a value in it is NaN or infinite.
    """
    if not norm.needs_bank:
        return Normalized(sim.flat())
    if not norm.by_level:
        sim, bank = sim.flat(), bank.flat()
    telling = None if bank.kind == "rolling" else progress  # which counts its queries
    info: dict[str, dict[str, float]] = {}
    result: dict[Direction, NDArray[Any] | None] = {"t2v": None, "v2t": None}
    for direction in DIRECTIONS:
        if getattr(sim, direction) is None:
            continue
        levels = sim.levels(direction)
        banks = _bank_levels(bank, direction, len(levels))
        out = np.zeros(())
        for level, part in zip(levels, banks, strict=True):
            one = replace(bank, sim=part)
            with normalizations.calling(norm), phase(direction, telling):
                found, info[direction] = _normalize(norm, level, one, truth, direction, progress)
            out = np.add(out, found, out=found)  # two levels are in memory at a time
        out /= len(levels)
        result[direction] = out if direction == "t2v" else out.T
    return Normalized(Sim(result["t2v"], result["v2t"]), info)


def normalize(
    sim: Any,
    norm: str,
    bank: Any = None,
    *,
    text_video: ArrayLike | None = None,
    positives: ArrayLike | None = None,
) -> Sim:
    """Normalize a similarity.

    Args:
        sim: a Sim, a dict or object with ``t2v`` and ``v2t``, or one (n_text, n_video) matrix for
            both directions.
        norm: the spec of a normalization.
        bank: ``"test"`` (the similarities themselves: transductive), or an object or dict with
            ``t2v`` (n_bank_text, n_video) and ``v2t`` (n_text, n_bank_video); one matrix is the
            t2v bank, and then only ``t2v`` comes back. None: only for norms that need no bank, or
            are transductive by definition. ``inner`` and ``beyond``, of a direction each, may stand
            beside ``t2v`` and ``v2t`` for norms that read the bank's gallery: see ``BankSim``.
        text_video: (n_text,) column of each text's video; default: row i belongs to column i.
        positives: (n_text, n_video) boolean, instead of ``text_video``.

    Returns:
        Sim of new (n_text, n_video) matrices, float64 (under ``none`` of the type given); the
        input is not changed.

    Raises:
        InputError: the norm is unknown, a bank is missing, or shapes do not fit.
    """
    method = normalizations.parse(norm)
    given = as_sim(sim)
    shapes = {as_matrix(m).shape for m in (given.t2v, given.v2t) if m is not None}
    if len(shapes) > 1:
        raise InputError(f"t2v and v2t have different shapes, {' and '.join(map(str, shapes))}.")
    shape = as_matrix(given.v2t if given.t2v is None else given.t2v).shape[-2:]
    known = text_video is not None or positives is not None or shape[0] == shape[-1]
    if method.counts_captions and not known:
        raise InputError(f"'{norm}' counts captions: say which video each text has (text_video).")
    truth = Truth.of(shape, text_video, positives) if known else _everyone(shape)
    if bank is None and method.needs_bank and not method.transductive:
        raise InputError(f"'{norm}' needs a bank: give a matrix, or bank='test' (transductive).")
    if bank is None or isinstance(bank, str):
        if bank not in (None, "test"):
            raise InputError(f"Unknown bank '{bank}': give 'test', or an object with t2v and v2t.")
        out = apply(method, given, BankSim("test"), truth).sim
        return out if method.needs_bank else _copied(out)
    banks = as_sim(bank, one_sided=True)
    only = Sim(*(getattr(given, d) if getattr(banks, d) is not None else None for d in DIRECTIONS))
    inner, beyond = _beside(bank, "inner"), _beside(bank, "beyond")
    out = apply(method, only, BankSim("file", banks, inner=inner, beyond=beyond), truth).sim
    return out if method.needs_bank else _copied(out)


def _beside(bank: Any, key: str) -> Sim | None:
    """Return what stands under this key beside the directions of a bank."""
    given = bank.get(key) if isinstance(bank, Mapping) else getattr(bank, key, None)
    return None if given is None or callable(given) else as_sim(given, one_sided=True)


def _copied(sim: Sim) -> Sim:
    """Return copies: the norm ``none`` returns the arrays it was given."""
    return Sim(*(None if part is None else np.array(part) for part in (sim.t2v, sim.v2t)))


def _everyone(shape: tuple[int, ...]) -> Truth:
    """Stand in for an unknown truth: every text and every video is a query."""
    n_text, n_video = shape
    most = max(n_text, n_video)
    return Truth(np.arange(most) % n_text, np.arange(most) % n_video, n_text, n_video)


def _bank_levels(bank: BankSim, direction: Direction, n: int) -> list[Sim | None]:
    """Return the bank of each alignment level."""
    if bank.sim is None:
        return [None] * n
    if getattr(bank.sim, direction) is None:
        raise InputError(f"The bank has no similarities for {direction}.")
    parts = bank.sim.levels(direction)
    if len(parts) != n:
        raise InputError(f"The {direction} bank has {len(parts)} levels, the similarity {n}.")
    return [Sim(part, None) if direction == "t2v" else Sim(None, part.T) for part in parts]


def _normalize(
    norm: Normalization,
    matrix: NDArray[Any],
    bank: BankSim,
    truth: Truth,
    direction: Direction,
    progress: Progress | None,
) -> tuple[NDArray[Any], dict[str, float]]:
    """Normalize one (queries, gallery) matrix."""
    check_finite(Rows(matrix), direction)
    if bank.kind == "rolling":
        return _roll(norm, matrix, bank, truth, direction, progress), {}
    seen = _fit_bank(matrix, bank, truth, direction)
    if norm.reads_inner and bank.sim is not None:
        seen = replace(seen, inner=bank.further("inner", direction, len(seen.rows)))
    beyond = None
    if norm.reads_beyond and bank.sim is not None:
        beyond = bank.further("beyond", direction, len(matrix))
    fitted = norm.fitted(seen)
    return transformed(fitted, matrix, beyond, _query_items(truth, direction)), fitted.info


def _fit_bank(matrix: NDArray[Any], bank: BankSim, truth: Truth, direction: Direction) -> Bank:
    """Return the bank's queries against this direction's gallery."""
    gallery = truth.captions if direction == "t2v" else np.ones(truth.n_text)
    if bank.sim is None:
        queries = _query_items(truth, direction)
        weight = np.ones(len(queries)) if direction == "t2v" else truth.captions[queries]
        rows = Rows(matrix, None if len(queries) == len(matrix) else queries)
        return Bank(rows, weight.astype(np.float64), gallery.astype(np.float64), direction)
    rows = Rows(bank.sim.levels(direction)[0])
    if rows.width != matrix.shape[1] or not len(rows):
        shape = as_matrix(getattr(bank.sim, direction)).shape
        expected = (
            f"(bank texts, {matrix.shape[1]})"
            if direction == "t2v"
            else (f"({matrix.shape[1]}, bank videos)")
        )
        raise InputError(f"The {direction} bank has shape {shape}, expected {expected}.")
    check_finite(rows, direction, "bank's similarity")
    known = direction == "v2t" and bank.captions is not None
    weight = np.maximum(bank.captions, 1) if known and bank.captions is not None else np.ones(1)
    weights = np.broadcast_to(weight, len(rows)).astype(np.float64)
    return Bank(rows, weights, gallery.astype(np.float64), direction)


def _query_items(truth: Truth, direction: Direction) -> NDArray[np.int64]:
    """Return the queries of a direction: all texts, or the videos that have one."""
    return np.arange(truth.n_text) if direction == "t2v" else np.flatnonzero(truth.captions)


def _roll(
    norm: Normalization,
    matrix: NDArray[Any],
    bank: BankSim,
    truth: Truth,
    direction: Direction,
    progress: Progress | None,
) -> NDArray[Any]:
    """Normalize each query with those before it and itself; a bank of one row changes nothing."""
    whole = _fit_bank(matrix, BankSim("test"), truth, direction)
    queries = _query_items(truth, direction)
    out = matrix.astype(np.float64)
    for i in range(1, len(queries)):
        seen = slice(max(0, i - bank.window) if bank.window else 0, i + 1)
        part = replace(
            whole, rows=Rows(matrix, queries[seen]), query_weight=whole.query_weight[seen]
        )
        query = slice(queries[i], queries[i] + 1)
        out[query] = norm.fitted(part).transform(matrix[query])
        if progress is not None:
            progress(direction, i + 1, len(queries))
    return out
