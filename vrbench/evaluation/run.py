"""Feature file -> Result: the only place where scoring, normalizing and measuring meet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vrbench import results
from vrbench.alignments import Method
from vrbench.errors import InputError
from vrbench.evaluation.overlap import bank_overlap, overlap_notes
from vrbench.evaluation.plan import Job, Settings
from vrbench.evaluation.record import describe, numbers
from vrbench.evaluation.sanity import Look, look, sanity_notes
from vrbench.evaluation.sources.base import Compute, Source
from vrbench.features.overlap import Overlap
from vrbench.metrics.measure import Measured, measure
from vrbench.metrics.trec import DEPTH, write_runs
from vrbench.normalizations import normalizations
from vrbench.normalizations.apply import apply
from vrbench.normalizations.bank import BankSim
from vrbench.normalizations.base import Normalization
from vrbench.results.result import Result
from vrbench.runtime.files import check_folder
from vrbench.sims.file import save_sim
from vrbench.sims.sim import Sim


@dataclass
class Run:
    """A grid of methods and norms over one source of similarities.

    Attributes:
        source: where similarities come from.
        settings: what decides a result.
        compute: how to compute.
        out: folder of results; None: nothing is written or skipped.
        progress: called with (job label, pairs done, pairs in all).
        extra: what else each Result is to say.
        trec: prefix of the TREC run and qrels files of a job; None: none are written.
    """

    source: Source
    settings: Settings = field(default_factory=Settings)
    compute: Compute = field(default_factory=Compute)
    out: Path | None = None
    progress: Callable[[str, int, int], None] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    trec: Path | None = None

    def run(self, jobs: Sequence[Job], save: Path | None = None) -> Iterator[Result]:
        """Yield a Result for each job as it is finished and written.

        Raises:
            InputError: an item cannot be scored, or a file cannot be written.
        """
        if self.out is not None:
            check_folder(self.out)
        self._check_matrix(jobs, save)
        pending = [(job.method, job.bank) for job in jobs if not job.exists]
        self.source.check_room(pending, self.settings.v2t != "best-caption", save is not None)
        held: _Held | None = None
        for job in jobs:
            done = self._existing(job)
            if done is not None:
                yield done
                continue
            with _naming(job, jobs):
                wanted = (job.method, self.source.version(job.bank))
                if held is None or held.wanted != wanted:
                    held = None  # what the last method made is let go before the next one's is
                    held = self._score(job, wanted)
                self._add_bank(job, held)
                result = self._finish(job, held, save)
            yield result

    def _score(self, job: Job, wanted: tuple[Method | None, str]) -> _Held:
        with _clock() as clock:
            sim = self.source.sim(job.method, job.bank, self._report(job, "test set"))
        return _Held(wanted, sim, look(sim), clock.seconds)

    def _add_bank(self, job: Job, held: _Held) -> None:
        if job.bank in held.banks:
            return
        with _clock() as clock:
            bank = self.source.bank(job.method, job.bank, self._report(job, "bank"))
        held.banks[job.bank] = bank, bank_overlap(self.source, held.sim, bank)
        held.seconds += clock.seconds

    def _check_matrix(self, jobs: Sequence[Job], save: Path | None) -> None:
        """Refuse what needs the whole matrix where none is to be kept."""
        if self.compute.matrix or all(self.source.version(job.bank) != "folded" for job in jobs):
            return
        for wrong, what in (
            (any(job.norm.needs_bank for job in jobs), "only --norm none"),
            (save is not None, "nothing to save"),
            (self.settings.v2t != "best-caption", "only --v2t best-caption"),
        ):
            if wrong:
                raise InputError(f"There is {what} with --no-matrix: leave that out.")

    def _existing(self, job: Job) -> Result | None:
        if not job.exists or self.out is None:
            return None
        try:
            found = results.load(self.out / f"{job.name}.json")
        except InputError:
            return None  # a damaged result is made again
        return found if found.ranks else None

    def _report(self, job: Job, what: str) -> Callable[[int, int], None] | None:
        progress = self.progress
        if progress is None:
            return None
        return lambda done, total: progress(f"{job.label} ({what})", done, total)

    def _report_rolling(self, job: Job) -> Callable[[str, int, int], None] | None:
        progress = self.progress
        if progress is None:
            return None
        return lambda way, done, total: progress(f"{job.label} (norm, {way})", done, total)

    def _finish(self, job: Job, held: _Held, save: Path | None) -> Result:
        sim, (bank, shared) = held.sim, held.banks[job.bank]
        source = self.source
        with _clock() as normalizing:
            report = self._report_rolling(job)
            normalized = apply(job.norm, sim, bank, source.truth, report)
        acting = job.norm if job.norm.needs_bank else _given(source)
        gamma = acting.gamma if acting is not None and acting.keeps_scale else None
        with _clock() as measuring:
            measured = self._measure(normalized.sim, gamma)
            raw = self._measure(sim.flat(), job.norm.gamma) if job.norm.needs_bank else None
        data_notes = [*(source.about.get("notes") or ()), *source.bank_notes(job.bank)]
        seconds = {
            "score": held.seconds,
            "normalize": normalizing.seconds,
            "measure": measuring.seconds,
        }
        values = {
            **describe(source, self.settings, self.compute, job, bank, sim, shared),
            "notes": [
                *data_notes,
                *source.odd_rows(),
                *overlap_notes(shared),
                *sanity_notes(held.seen, source, job.norm, raw or measured),
            ],
            **numbers(measured, raw),
            "error_gamma": self._error_gamma(gamma, job),
            **self.extra,
            "norm_info": normalized.info,
            **({} if sim.solved is None else {"solved": round(sim.solved, 6)}),
            "seconds": {phase: round(value, 4) for phase, value in seconds.items()},
        }
        raw_ranks = {f"raw_{d}": ranks for d, ranks in raw.ranks.items()} if raw else {}
        ids = {"text_ids": source.text_ids, "video_ids": source.video_ids}
        result = Result(values, {**measured.ranks, **raw_ranks, **ids})
        if save is not None:
            spec = normalizations.spec(job.norm)
            beside = {**ids, "notes": data_notes or None, **source.beside(job.method, job.bank)}
            save_sim(save, normalized.sim, spec, sim, source.truth, bank.sim, beside)
        if self.trec is not None:
            depth = max(DEPTH, *self.settings.k)
            write_runs(self.trec, normalized.sim, source.truth, **ids, depth=depth)
        return result if self.out is None else results.save(result, self.out, job.name)

    def _error_gamma(self, gamma: float | None, job: Job) -> float | None:
        """Return at which temperature the errors are: the norm's, or the raw ones' beside it."""
        if self.source.sequence is not None:
            return None
        return job.norm.gamma if gamma is None and job.norm.needs_bank else gamma

    def _measure(self, sim: Sim, gamma: float | None) -> Measured:
        settings = self.settings
        if self.source.sequence is not None:
            gamma = None  # scores of sequences are not on the scale of cosines
        return measure(sim, self.source.truth, settings.k, settings.ties, settings.v2t, gamma)


def _given(source: Source) -> Normalization | None:
    """Return the norm that similarities came with; None for one that is not known here."""
    try:
        return normalizations.parse(source.given_norm)
    except InputError:
        return None


@contextmanager
def _naming(job: Job, jobs: Sequence[Job]) -> Iterator[None]:
    """Say of what went wrong to which of several jobs it did."""
    try:
        yield
    except InputError as error:
        if len(jobs) < 2 or job.label in str(error):
            raise
        raise InputError(f"{job.label}: {error}") from error


@dataclass
class _Held:
    """What was scored of a method, for the jobs that follow each other.

    Attributes:
        wanted: the method, and which of the source's similarities.
        sim: they.
        seen: what a look at them showed.
        seconds: that scoring took.
        banks: by kind, with the part of the test set that each holds.
    """

    wanted: tuple[Method | None, str]
    sim: Sim
    seen: Look | None
    seconds: float
    banks: dict[str, tuple[BankSim, Overlap | None]] = field(default_factory=dict)


class _Clock:
    seconds = 0.0


@contextmanager
def _clock() -> Iterator[_Clock]:
    clock, start = _Clock(), time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - start
