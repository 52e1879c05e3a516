"""One case -> Result: the only place where scoring, normalizing and measuring meet."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vrbench import results
from vrbench.errors import InputError
from vrbench.evaluation.case import Case
from vrbench.evaluation.fingerprint import mixed_notes
from vrbench.evaluation.overlap import overlap_notes
from vrbench.evaluation.plan import Job
from vrbench.evaluation.record import describe, numbers
from vrbench.evaluation.sanity import sanity_notes
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.judged import candidate_notes
from vrbench.evaluation.sources.other_bank import method_notes
from vrbench.metrics.measure import Measured, measure
from vrbench.metrics.trec import DEPTH, write_runs
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Normalization
from vrbench.results.intervals import intervals
from vrbench.results.pairing import right_pairs
from vrbench.results.result import Result
from vrbench.results.schema import Extras, ResultDict
from vrbench.results.schema_parts import TuningDict
from vrbench.runtime.progress import phase
from vrbench.sims.file import save_sim
from vrbench.sims.sim import DIRECTIONS, Sim

PHASES = ("score", "normalize", "measure")
"""What a result has the seconds of."""


@dataclass(frozen=True)
class Output:
    """Where a result is written, and what is added to it.

    Attributes:
        folder: of results; None: nothing is written there, and nothing that exists is read.
        sims: similarity file to write.
        trec: prefix of TREC run and qrels files to write.
        tuning: how the norm's parameters were chosen, where they were.
    """

    folder: Path | None = None
    sims: Path | None = None
    trec: Path | None = None
    tuning: TuningDict | None = None


def finish(case: Case, output: Output) -> Result:
    """Score, normalize and measure a case, and write what ``output`` names.

    Raises:
        InputError: an item cannot be scored, the bank is refused, or a file cannot be written.
    """
    with _clock() as normalizing:
        normalized = case.normalizing
    gamma = _gamma(case)
    with _clock() as measuring, phase(f"{case.job.label} (measure)", case.progress):
        raw = _measure(case, case.sim.flat(), case.norm.gamma) if case.norm.needs_bank else None
        measured = _measure(case, normalized.sim, gamma, raw)
    extras: Extras = {"error_gamma": _error_gamma(case, gamma)}
    if case.settings.interval:
        extras["intervals"] = intervals(measured, case.settings.seed)
    if output.tuning is not None:
        extras["tuning"] = output.tuning
    extras["norm_info"] = normalized.info
    if measured.solved is not None:
        extras["solved"] = round(measured.solved, 6)
    seconds = (case.scored.seconds, normalizing.seconds, measuring.seconds)
    extras["seconds"] = {phase: round(s, 4) for phase, s in zip(PHASES, seconds, strict=True)}
    notes = [*_data_notes(case), *_notes(case, raw or measured)]
    values: ResultDict = {
        **describe(case),
        "notes": notes,
        **numbers(measured, raw),
        **extras,
    }
    raw_ranks = {f"raw_{d}": ranks for d, ranks in raw.ranks.items()} if raw else {}
    named = {**_ids(case), **right_pairs(case.source.truth)}
    result = Result(values, {**measured.ranks, **raw_ranks, **_of_queries(measured), **named})
    _write_matrices(case, normalized.sim, output)
    folder = output.folder
    return result if folder is None else results.save(result, folder, case.job.name)


def _write_matrices(case: Case, normalized: Sim, output: Output) -> None:
    """Write the similarity file and the TREC files that are asked for."""
    source, ids = case.source, _ids(case)
    if output.sims is not None:
        kept = source.beside(case.method, case.bank_kind)
        made_by = source.made_by(case.method)
        beside = {**ids, "notes": _data_notes(case) or None, "method": made_by, **kept}
        spec = normalizations.spec(case.norm)
        levels = normalized if case.norm.needs_bank else case.sim
        save_sim(output.sims, levels, spec, case.sim, source.truth, case.bank.sim, beside)
    if output.trec is not None:
        depth = max(DEPTH, *case.settings.k)
        write_runs(output.trec, normalized, source.truth, **ids, depth=depth)


def _of_queries(measured: Measured) -> dict[str, NDArray[Any]]:
    """Return the numbers of each query whose means are metrics, such as ``MRR t2v``."""
    each = measured.each.items()
    return {f"{name} {direction}": x for direction, found in each for name, x in found.items()}


def _ids(case: Case) -> dict[str, NDArray[Any]]:
    return {"text_ids": case.source.text_ids, "video_ids": case.source.video_ids}


def _data_notes(case: Case) -> list[str]:
    source = case.source
    return [*(source.about.get("notes") or ()), *source.bank_notes(case.bank_kind)]


def _notes(case: Case, measured: Measured) -> Iterator[str]:
    """Yield the doubts about rows, bank and similarities."""
    yield from case.source.odd_rows()
    yield from mixed_notes(case.compute.backend)
    yield from candidate_notes(case.source.truth)
    yield from overlap_notes(case.overlap)
    if case.bank_kind == "file":
        yield from method_notes(case.source.other, case.source.made_by(case.method))
    yield from _own_rows(case)
    yield from sanity_notes(case.scored.seen, case.source, case.norm, measured)


def _own_rows(case: Case) -> Iterator[str]:
    """Say where a norm reads less of a bank than it would from a feature file."""
    if not case.norm.reads_beyond or case.bank.sim is None:
        return
    bank = case.scored.whole_bank(case.norm, case.bank_kind, None)
    known = [direction for direction in DIRECTIONS if bank.rows(direction) is not None]
    if bank.beyond is None and len(known) == 2:
        yield (
            "The test queries' similarities to the bank's gallery are not known: "
            f"{normalizations.spec(case.norm)} takes those to the test gallery in their place, and "
            "gives other numbers than from a feature file with this bank."
        )


def existing(job: Job, folder: Path | None) -> Result | None:
    """Return a job's result where it is there; None for a damaged one, which is made again."""
    if not job.exists or folder is None:
        return None
    try:
        found = results.load(folder / f"{job.name}.json")
    except InputError:
        return None
    return found if found.ranks else None


def _gamma(case: Case) -> float | None:
    """Return the temperature at which the similarities as they are measured are cosines."""
    acting = case.norm if case.norm.needs_bank else _given(case.source)
    return acting.gamma if acting is not None and acting.keeps_scale else None


def _error_gamma(case: Case, gamma: float | None) -> float | None:
    """Return at which temperature the errors are: the norm's, or the raw ones' beside it."""
    if case.source.sequence is not None:
        return None
    return case.norm.gamma if gamma is None and case.norm.needs_bank else gamma


def _measure(case: Case, sim: Sim, gamma: float | None, before: Measured | None = None) -> Measured:
    settings = case.settings
    if case.source.sequence is not None:
        gamma = None  # scores of sequences are not on the scale of cosines
    how = settings.k, settings.ties, settings.v2t, gamma
    return measure(sim, case.source.truth, *how, before)


def _given(source: Source) -> Normalization | None:
    """Return the norm that similarities came with; None for one that is not known here."""
    try:
        return normalizations.parse(source.given_norm)
    except InputError:
        return None


@contextmanager
def naming(job: Job, jobs: Sequence[Job]) -> Iterator[None]:
    """Say of what went wrong to which of several jobs it did."""
    try:
        yield
    except InputError as error:
        if len(jobs) < 2 or job.label in str(error):
            raise
        raise InputError(f"{job.label}: {error}") from error


class _Clock:
    seconds = 0.0


@contextmanager
def _clock() -> Iterator[_Clock]:
    clock, start = _Clock(), time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - start
