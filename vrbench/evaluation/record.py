"""The content of a Result: data, method, protocol, numbers and provenance, as in the JSON."""

from __future__ import annotations

import hashlib
from typing import NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from vrbench.evaluation.case import Case
from vrbench.evaluation.plan import plugins
from vrbench.evaluation.settings import Settings
from vrbench.evaluation.sources.base import Source
from vrbench.features.overlap import Overlap
from vrbench.metrics.measure import Measured
from vrbench.metrics.values import Numbers
from vrbench.normalizations import normalizations
from vrbench.normalizations.bank import BankSim
from vrbench.results.about import head_about
from vrbench.results.labels import bucket_of_test
from vrbench.results.provenance import provenance
from vrbench.results.result import SCHEMA
from vrbench.results.schema import (
    Change,
    ChangeByDirection,
    Measurements,
    ProtocolAbout,
    Provenance,
    Setup,
    TaskAbout,
)
from vrbench.results.schema_parts import BankAbout, QueryCounts
from vrbench.results.significance import mcnemar
from vrbench.runtime.cluster import Cluster
from vrbench.runtime.device import torch_device
from vrbench.sims.sim import DIRECTIONS, SequenceByDirection, Sim


class SomeHave(TypedDict):
    """What only some have: a side of sound, conventions of sequence scores, a norm before."""

    side: NotRequired[str | None]
    label: NotRequired[str | None]
    task: NotRequired[TaskAbout | None]
    sequence_info: NotRequired[SequenceByDirection | None]
    given_norm: NotRequired[str | None]


def describe(case: Case) -> Setup:
    """Return what was evaluated, how, and by whom."""
    source, settings, job = case.source, case.settings, case.job
    sim, bank, shared = case.sim, case.bank, case.overlap
    truth = source.truth
    n_text, n_video = bank.size(truth)
    given = "none" if job.norm.needs_bank else source.given_norm
    return {
        "schema": SCHEMA,
        "head": head_about(source.head),
        **source.about,
        "method": job.method.spec if job.method else None,
        "norm": normalizations.spec(job.norm),
        "sequence": source.sequence,
        **_where_known(settings, sim, given),
        "bank": _bank(source, job.bank, n_text, n_video),
        "bank_distinct": _distinct(bank),
        "bank_shared": None if shared is None else _by_side(shared),
        "transductive": (
            job.norm.counts_captions
            or _is_test_set(source, job.bank)
            or (shared is not None and shared.whole)
            or bucket_of_test(sim.info)
        ),
        "n_text": truth.n_text,
        "n_video": truth.n_video,
        "limit": settings.limited,
        "protocol": protocol(case.source, case.settings),
        "provenance": _provenance(case),
        "ranks": None,
    }


def _bank(source: Source, kind: str, n_text: int, n_video: int) -> BankAbout:
    found: BankAbout = {"kind": kind, "n_text": n_text, "n_video": n_video}
    if kind == "train" and source.queue and source.head is not None:
        found["queue"] = source.head.queue_encoding
    return found


def protocol(source: Source, settings: Settings) -> ProtocolAbout:
    """Return the rules, with the start of the sha256 of files of pairs and of candidates.

    Of candidates that the data have it is that of the matrix, with texts and videos in the order of
    their names.
    """
    found: ProtocolAbout = {"ties": settings.ties, "v2t": settings.v2t}
    if "qrels" in source.judged:
        found["qrels"] = source.judged["qrels"][:12]
    if source.truth.candidates is not None:
        found["candidates"] = (source.judged.get("candidates") or _digest(source))[:12]
    return found


def _digest(source: Source) -> str:
    """SHA-256 of the candidates of the data."""
    assert source.truth.candidates is not None
    texts, videos = np.argsort(source.text_ids), np.argsort(source.video_ids)
    rows = (np.packbits(source.truth.candidates[text, videos]) for text in texts)
    found = hashlib.sha256(str(source.truth.candidates.shape).encode())
    for row in rows:
        found.update(row.tobytes())
    return found.hexdigest()


def _where_known(settings: Settings, sim: Sim, given: str) -> SomeHave:
    found: SomeHave = {}
    if settings.side != "video":
        found["side"] = settings.side
    if settings.label:
        found["label"] = settings.label
    if sim.info:
        found["sequence_info"] = sim.info
    if given != "none":
        found["given_norm"] = given
    return found


def _distinct(bank: BankSim) -> QueryCounts | None:
    """Return the number of distinct queries of a bank; None without one."""
    if bank.sim is None:
        return None
    n_text, n_video = bank.distinct
    return {"n_text": n_text, "n_video": n_video}


def _by_side(shared: Overlap) -> QueryCounts:
    return {"n_text": shared.shared["text"], "n_video": shared.shared["video"]}


def _is_test_set(source: Source, bank: str) -> bool:
    """Whether the bank is the test set, by kind or because the same file was given."""
    same = source.bank_identity("file") == source.about["features"]["sha256"]
    return bank == "test" or (bank == "file" and same)


def numbers(measured: Measured, raw: Measured | None) -> Measurements:
    """Return metrics and diagnostics, and the same before normalization with what changed."""
    before: Numbers | None = None
    change: ChangeByDirection | None = None
    if raw is not None:
        before = {"metrics": raw.metrics, "diagnostics": raw.diagnostics}
        t2v, v2t = (_change(raw.ranks[d], measured.ranks[d]) for d in DIRECTIONS)
        change = {"t2v": t2v, "v2t": v2t}
    return {
        "metrics": measured.metrics,
        "diagnostics": measured.diagnostics,
        "raw": before,
        "change": change,
    }


def _change(before: NDArray[np.float64], after: NDArray[np.float64]) -> Change:
    test = mcnemar(before, after)
    asked = int((~np.isnan(after)).sum())
    return {
        "R@1": 100 * (test.gained - test.lost) / asked,
        "gained": test.gained,
        "lost": test.lost,
        "p": test.p,
        "test": "exact McNemar, two-sided",
    }


def _provenance(case: Case) -> Provenance:
    settings, job = case.settings, case.job
    device = torch_device(case.compute.device)
    made = provenance(settings.seed, settings.precision, device, "vrbench.evaluate")
    found = plugins(case.source, job.method, job.norm)
    if found:
        made["plugins"] = found
    if isinstance(case.compute.backend, Cluster) and case.compute.backend.seen:
        made["cluster"] = case.compute.backend.about()
    return made
