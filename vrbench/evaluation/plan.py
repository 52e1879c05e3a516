"""The grid of methods and norms: which results it has, what decides each, and what exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vrbench import results
from vrbench._version import VERSION
from vrbench.alignments import Method, parse_method
from vrbench.errors import InputError
from vrbench.evaluation.settings import Settings
from vrbench.evaluation.sources.base import Source
from vrbench.features.logit_scale import with_scale
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Normalization
from vrbench.registry import OriginDict, origins
from vrbench.results.schema_parts import TuningDict
from vrbench.sequences import sequences


class NoBankError(InputError):
    """A norm needs a bank of training queries that the data do not have."""


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
        """Return its label for people."""
        alignment = self.method.spec if self.method else "given similarities"
        method = ", ".join(filter(None, (alignment, self.sequence)))
        norm = normalizations.spec(self.norm)
        return method if norm == "none" else f"{method}, {norm}, bank {self.bank}"


def plan(
    source: Source,
    settings: Settings,
    methods: Sequence[str | Method],
    norms: Sequence[str],
    bank: str | None,
    out: Path | None = None,
    tuning: TuningDict | None = None,
) -> list[Job]:
    """Return the grid, methods before norms.

    Args:
        source: what is evaluated.
        settings: what else decides a result.
        methods: specs, or methods; not read where similarities are given.
        norms: specs.
        bank: kind of bank asked for; None: what each norm takes by default.
        out: folder in which results may exist.
        tuning: how the norm's parameters were chosen, where they were.

    Raises:
        InputError: a spec cannot be read, or a norm has no bank.
    """
    parsed = [source.learnt(_method(one)) for one in methods] if source.aligned else [None]
    chosen = [parse_norm(spec, source) for spec in norms]
    jobs: dict[str, Job] = {}
    for method in parsed:
        for norm in chosen:
            kind = bank_kind(source, norm, bank)
            decides = _identity(source, settings, method, norm, kind)
            key = results.identity(decides | ({"tuning": tuning} if tuning else {}))
            spec, norm_spec = method.spec if method else None, normalizations.spec(norm)
            about = source.about
            said = (settings.label, about["encoder"], spec or "sim", source.sequence)
            name = results.stem(about["dataset"], "_".join(filter(None, said)), norm_spec, key)
            whole = source.keeps_matrix(kind, method)
            strict = not getattr(source.compute.backend, "mixed", False)
            there = (whole, settings.interval, strict)
            exists = out is not None and _exists(out / f"{name}.json", *there)
            jobs.setdefault(name, Job(method, norm, kind, name, exists, source.sequence))
    return list(jobs.values())


def _method(given: str | Method) -> Method:
    return parse_method(given) if isinstance(given, str) else given


def _exists(path: Path, whole: bool, interval: bool, strict: bool) -> bool:
    """Whether a result is there whole, and not of ranks only where the ``whole`` can be had.

    One without an ``interval`` does not count where intervals are wanted; one that workers of
    another fingerprint made only counts where these are taken again: not if ``strict``.
    """
    if not path.is_file():
        return False
    try:
        found = results.load(path)
    except InputError:
        return False  # it is made again
    lacks = (whole and "solved" in found.values) or (interval and "intervals" not in found.values)
    return bool(found.ranks) and not lacks and not (strict and _mixed(found))


def _mixed(found: results.Result) -> bool:
    """Whether workers of another fingerprint than the client's made a part of a result."""
    about = found["provenance"].get("cluster")
    return isinstance(about, dict) and bool(about.get("others"))


def parse_norm(spec: str, source: Source) -> Normalization:
    """Read a norm's spec; the word ``scale`` stands for the source's logit scale.

    Raises:
        InputError: the spec cannot be read, or the scale is not known.
    """
    return normalizations.parse(with_scale(spec, source.scale, source.name))


def bank_kind(source: Source, norm: Normalization, asked: str | None) -> str:
    """Return the kind of bank that a norm gets.

    Raises:
        InputError: it needs one and there is none.
        NoBankError: that is for want of training queries.
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
        raise NoBankError(
            f"{source.name} has no bank of training queries, text and video, "
            f"for --norm {name}: import or extract one, or use the test queries themselves with "
            "--bank test (transductive)."
        )
    return "train"


def _identity(
    source: Source, settings: Settings, method: Method | None, norm: Normalization, kind: str
) -> dict[str, object]:
    """Everything that decides a result."""
    outside = plugins(source, method, norm)
    return {
        **source.identity(kind),
        "method": method.spec if method else None,
        "head": source.head.sha256 if source.head else None,
        "norm": normalizations.spec(norm),
        "ties": settings.ties,
        "v2t": settings.v2t,
        "k": settings.k,
        "limit": settings.limited,
        "seed": settings.seed,
        "precision": settings.precision,
        "vrbench": VERSION,
        **({"side": settings.side} if settings.side != "video" else {}),
        **({"folds": settings.folds} if settings.folds else {}),
        **({"label": settings.label} if settings.label else {}),
        **({"bank_limit": settings.bank_limit} if settings.bank_limit and kind == "train" else {}),
        **({"plugins": outside} if outside else {}),
    }


def plugins(source: Source, method: Method | None, norm: Normalization) -> list[OriginDict]:
    """Return where those of the methods come from that are from outside, kinds of heads too."""
    along = None if source.sequence is None else sequences.parse(source.sequence)
    parts = method.parts if method else ()
    learnt = source.head.spec.parts.values() if source.head else ()
    return origins(*(part for _, part in parts), norm, along, *learnt)
