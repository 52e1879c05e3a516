"""The grid of methods and norms: which results it has, what decides each, and what exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from vrbench import results
from vrbench._version import VERSION
from vrbench.alignments import Method, parse_method
from vrbench.errors import InputError
from vrbench.evaluation.sources.base import Source
from vrbench.evaluation.sources.sims import SimSource
from vrbench.features.logit_scale import with_scale
from vrbench.metrics.ranking import Ties
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Normalization
from vrbench.runtime.seeds import check_seed
from vrbench.sims.truth import Protocol


@dataclass(frozen=True)
class Settings:
    """What decides a result besides data, method, norm and bank.

    Attributes:
        k: the K of R@K, in order.
        ties: tie rule.
        v2t: protocol of v2t where a video has several texts.
        precision: of products and similarities.
        limit: first videos only.
        limit_ids: these videos only.
        seed: recorded; nothing here is random.

    Raises:
        InputError: a value is out of range.
    """

    k: tuple[int, ...] = (1, 5, 10)
    ties: str = "mean"
    v2t: str = "best-caption"
    precision: Literal["single", "double"] = "single"
    limit: int | None = None
    limit_ids: tuple[str, ...] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.k or min(self.k) < 1:
            raise InputError(f"k must be whole numbers from 1, it is {list(self.k)}.")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"limit must be at least 1, it is {self.limit}.")
        check_seed(self.seed)
        for name, value, known in (
            ("ties", self.ties, get_args(Ties)),
            ("v2t", self.v2t, get_args(Protocol)),
            ("precision", self.precision, ("single", "double")),
        ):
            if value not in known:
                raise InputError(f"Unknown {name} '{value}': use {', '.join(known)}.")

    @property
    def limited(self) -> dict[str, Any] | None:
        """Return how the test set was cut, or None."""
        if self.limit is None and self.limit_ids is None:
            return None
        ids = (
            None if self.limit_ids is None else results.identity({"ids": sorted({*self.limit_ids})})
        )
        return {"first": self.limit, "ids": ids}


@dataclass(frozen=True)
class Job:
    """One cell of the grid.

    Attributes:
        method: the alignment; None where similarities are given.
        norm: the normalization.
        bank: kind of its bank.
        name: stem of its result files.
        exists: whether the result is there already.
        sequence: spec of the sequence alignment over the method.
    """

    method: Method | None
    norm: Normalization
    bank: str
    name: str
    exists: bool = False
    sequence: str | None = None

    @property
    def label(self) -> str:
        """Return what a person calls it."""
        alignment = self.method.spec if self.method else "given similarities"
        method = ", ".join(filter(None, (alignment, self.sequence)))
        norm = normalizations.spec(self.norm)
        return method if norm == "none" else f"{method}, {norm}, bank {self.bank}"


def plan(
    source: Source,
    settings: Settings,
    methods: Sequence[str],
    norms: Sequence[str],
    bank: str | None,
    out: Path | None = None,
    tuning: Mapping[str, Any] | None = None,
) -> list[Job]:
    """Return the grid, methods before norms.

    Args:
        source: what is evaluated.
        settings: what else decides a result.
        methods: specs; not read where similarities are given.
        norms: specs.
        bank: kind of bank asked for; None: what each norm takes by default.
        out: folder in which results may exist.
        tuning: how the norm's parameters were chosen, where they were.

    Raises:
        InputError: a spec cannot be read, or a norm has no bank.
    """
    given = isinstance(source, SimSource)
    parsed = [None] if given else [parse_method(spec) for spec in methods]
    chosen = [parse_norm(spec, source) for spec in norms]
    jobs: dict[str, Job] = {}
    for method in parsed:
        for norm in chosen:
            kind = bank_kind(source, norm, bank)
            decides = _identity(source, settings, method, norm, kind)
            key = results.identity(decides | ({"tuning": tuning} if tuning else {}))
            spec, norm_spec = method.spec if method else None, normalizations.spec(norm)
            scorers = "_".join(filter(None, (spec or "sim", source.sequence)))
            name = results.stem(source.about["dataset"], scorers, norm_spec, key)
            exists = out is not None and _exists(out / f"{name}.json", source.version(kind))
            jobs.setdefault(name, Job(method, norm, kind, name, exists, source.sequence))
    return list(jobs.values())


def _exists(path: Path, version: str) -> bool:
    """Whether a result is there, and not one of ranks only where the whole can be had."""
    if not path.is_file() or version == "folded":
        return path.is_file()
    try:
        return "solved" not in results.load(path).values
    except InputError:
        return True  # which the run finds out, and makes it again


def parse_norm(spec: str, source: Source) -> Normalization:
    """Read a norm's spec; the word ``scale`` stands for the source's logit scale.

    Raises:
        InputError: the spec cannot be read, or the scale is not known.
    """
    where = str(source.about["features"]["file"])
    return normalizations.parse(with_scale(spec, source.scale, where))


def bank_kind(source: Source, norm: Normalization, asked: str | None) -> str:
    """Return the kind of bank that a norm gets.

    Raises:
        InputError: it needs one and there is none.
    """
    name = normalizations.spec(norm)
    if not norm.needs_bank:
        return "none"
    if asked == "none":
        raise InputError(f"--norm {name} needs a bank: leave --bank out, or give train or test.")
    if asked in ("test", "rolling", "file"):
        return asked
    if asked is None and norm.transductive:
        return "test"
    if not source.has_bank:
        raise InputError(
            f"{source.about['features']['file']} has no bank of training queries, text and video, "
            f"for --norm {name}: import or extract one, or use the test queries themselves with "
            "--bank test (transductive)."
        )
    return "train"


def _identity(
    source: Source, settings: Settings, method: Method | None, norm: Normalization, kind: str
) -> dict[str, Any]:
    """Everything that decides a result."""
    return {
        "features": source.about["features"]["sha256"],
        "method": method.spec if method else None,
        "head": None,
        "norm": normalizations.spec(norm),
        "sequence": [source.sequence, source.version(kind)] if source.sequence else None,
        "bank": [kind, source.bank_identity(kind)],
        "ties": settings.ties,
        "v2t": settings.v2t,
        "k": settings.k,
        "limit": settings.limited,
        "seed": settings.seed,
        "precision": settings.precision,
        "vrbench": VERSION,
    }
