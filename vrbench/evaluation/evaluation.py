"""An evaluation: data and settings; eval, tune, figures and the other commands start here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from vrbench.alignments import Method
from vrbench.errors import InputError
from vrbench.evaluation.case import Case
from vrbench.evaluation.estimate import Estimate, estimate
from vrbench.evaluation.folds import fold_settings, joined
from vrbench.evaluation.plan import Job, NoBankError, bank_kind, parse_norm, plan
from vrbench.evaluation.run import Output, existing, finish, naming
from vrbench.evaluation.scored import Scored
from vrbench.evaluation.settings import Compute, Settings
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.judged import Judgements, with_judgements
from vrbench.evaluation.sources.opening import open_source
from vrbench.evaluation.sources.spread import check_sendable
from vrbench.heads.head import Head
from vrbench.results.result import Result, save
from vrbench.results.schema_parts import TuningDict
from vrbench.runtime.files import filling
from vrbench.runtime.overlapping import overlapping
from vrbench.runtime.progress import Progress
from vrbench.sims.journal import clear

NOTHING = Output()
NONE = Judgements()
DEFAULT_METHOD = "tokenflow"


@dataclass(frozen=True)
class Evaluation:
    """A source of similarities with all settings of its results but method and norm.

    Attributes:
        source: texts, videos, bank and their similarities.
        settings: protocol, limits, precision, seed.
        compute: how to compute.
        bank: kind of bank asked for; None: what each norm takes by default.
        parts: the folds, where their means are wanted.
    """

    source: Source
    settings: Settings = field(default_factory=Settings)
    compute: Compute = field(default_factory=Compute)
    bank: str | None = None
    parts: tuple[Evaluation, ...] = ()

    @classmethod
    def open(
        cls,
        data: Any,
        settings: Settings | None = None,
        compute: Compute | None = None,
        *,
        bank: Any = None,
        sequence: str | None = None,
        text_video: Any = None,
        head: Head | None = None,
        judgements: Judgements = NONE,
    ) -> Evaluation:
        """Open what is to be evaluated.

        Args:
            data: see ``open_source``.
            settings: what decides a result.
            compute: how to compute.
            bank: a kind of bank, ``rolling:N``, a file, or similarities.
            sequence: spec of a sequence alignment.
            text_video: (n_text,) row of each text's video, for arrays.
            head: what all sides go through.
            judgements: files with graded relevance and candidates.

        Raises:
            InputError: a file is missing or malformed, or the bank cannot be read.
        """
        settings, compute = settings or Settings(), compute or Compute()
        given = (bank, compute, settings, sequence, text_video, head)
        kind, source = open_source(data, *given)
        limited = settings.limited is not None
        source = with_judgements(source, judgements, limited=limited)
        parts: tuple[Evaluation, ...] = ()
        if settings.folds:
            how: dict[str, Any] = {"bank": bank, "sequence": sequence, "head": head}
            parts = tuple(
                cls.open(data, one, compute, **how, text_video=text_video, judgements=judgements)
                for one in fold_settings(settings, source)
            )
        return cls(source, settings, compute, kind, parts)

    @property
    def method(self) -> str:
        """The method where none is asked for: the head's, else ``tokenflow``."""
        head = self.source.head
        return (head.method if head else None) or DEFAULT_METHOD

    def jobs(
        self,
        methods: Sequence[str | Method],
        norms: Sequence[str],
        out: Path | None = None,
        *,
        bank: str | None = None,
        tuning: TuningDict | None = None,
    ) -> list[Job]:
        """Return the grid of methods and norms, methods before norms.

        Args:
            methods: specs, or methods; not read where similarities are given.
            norms: specs.
            out: folder in which results may exist.
            bank: kind of bank in place of the evaluation's.
            tuning: how the norms' parameters were chosen, where they were.

        Raises:
            InputError: a spec cannot be read, or a norm has no bank.
        """
        kind = self.bank if bank is None else bank
        return plan(self.source, self.settings, methods, norms, kind, out, tuning)

    def without_bank(self, norms: Sequence[str]) -> dict[str, str]:
        """Return, of these norms, those that lack a bank of training queries, with the sentence.

        Raises:
            InputError: a spec cannot be read.
        """
        found = {}
        for spec in norms:
            try:
                bank_kind(self.source, parse_norm(spec, self.source), self.bank)
            except NoBankError as error:
                found[spec] = str(error)
        return found

    def case(self, method: str, norm: str = "none", progress: Progress | None = None) -> Case:
        """Return one cell of the grid, whose similarities and bank are made when first read.

        Args:
            method: spec; not read where similarities are given.
            norm: spec.
            progress: is told how far scoring and normalizing are.

        Raises:
            InputError: a spec cannot be read, or the norm has no bank.
        """
        [job] = self.jobs([method], [norm])
        return self.case_of(job, progress)

    def case_of(self, job: Job, progress: Progress | None = None) -> Case:
        """Return the case of a job."""
        return Case(self.source, job, self.settings, self.compute, progress)

    def run(
        self, jobs: Sequence[Job], output: Output = NOTHING, progress: Progress | None = None
    ) -> Iterator[Result]:
        """Yield a Result for each job as it is finished and written.

        With a backend, the next method is scored while one is finished here.

        Raises:
            InputError: an item cannot be scored, or a file cannot be written.
        """
        with filling(output.folder):
            self._check_matrix(jobs, output.sims)
            if self.compute.backend is not None:
                check_sendable(job.method for job in jobs if not job.exists)
            if self.parts and (output.sims or output.trec):
                raise InputError("Folds have no matrix of all items to write: leave --folds out.")
            methods = [list(same) for _, same in groupby(jobs, key=lambda job: job.method)]
            if self._check_room(jobs, output) and len(methods) > 1:
                steps = [partial(self._listed, same, jobs, output) for same in methods]
                for results in overlapping(steps, progress):
                    yield from results
            else:
                for same in methods:
                    yield from self._of_method(same, jobs, output, progress)
        made = not all(job.exists for job in jobs)  # else blocks are those of other jobs
        if made and self.source.blocks is not None:
            clear(self.source.blocks)

    def _of_method(
        self, same: Sequence[Job], jobs: Sequence[Job], output: Output, progress: Progress | None
    ) -> Iterator[Result]:
        """Yield the results of the jobs of one method."""
        scored: Scored | None = None
        for job in same:
            done = existing(job, output.folder)
            if done is not None:
                yield done
                continue
            case = self.case_of(job, progress)
            if scored is not None:
                case.share(scored)
            scored = None  # what another bank made is let go before this one's is made
            with naming(job, jobs):
                result = self._of_folds(case, output) if self.parts else finish(case, output)
            scored = case.scored
            yield result

    def _listed(self, *how: Any) -> list[Result]:
        return [*self._of_method(*how)]

    def _of_folds(self, case: Case, output: Output) -> Result:
        """Run each fold for itself, and join their results."""
        job = case.job
        each = [finish(part.case_of(job, case.progress), Output()) for part in self.parts]
        whole = joined(each, self.source, self.settings)
        return whole if output.folder is None else save(whole, output.folder, job.name)

    def estimate(self, job: Job) -> Estimate | None:
        """Estimate what a job takes; None where similarities are given."""
        return estimate(self.source, job, self.compute)

    def held_out(self, share: float, seed: int) -> Evaluation:
        """Return the evaluation of a validation part of the bank, with the rest as its bank."""
        settings = Settings(precision=self.compute.precision, seed=seed)
        source = self.source.held_out(share, seed)
        return replace(self, source=source, settings=settings, parts=())

    def _check_room(self, jobs: Sequence[Job], output: Output) -> bool:
        """Refuse matrices that do not fit; return whether two methods are worked on at once."""
        pending = [(job.method, job.bank) for job in jobs if not job.exists and not self.parts]
        asked = pending, self.settings.v2t != "best-caption", output.sims is not None
        self.source.check_room(*asked)
        with suppress(InputError):
            self.source.check_room(*asked, times=2)
            return self.compute.backend is not None
        return False

    def _check_matrix(self, jobs: Sequence[Job], save: Path | None) -> None:
        """Refuse what needs the whole matrix where none is to be kept."""
        if self.compute.matrix or all(
            self.source.keeps_matrix(job.bank, job.method) for job in jobs
        ):
            return
        for wrong, what in (
            (any(job.norm.needs_bank for job in jobs), "only --norm none"),
            (save is not None, "nothing to save"),
            (self.settings.v2t != "best-caption", "only --v2t best-caption"),
        ):
            if wrong:
                raise InputError(f"There is {what} with --no-matrix: leave that out.")
