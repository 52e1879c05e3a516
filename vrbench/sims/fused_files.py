"""Similarity files of the same items fused into one, with their banks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vrbench.errors import InputError
from vrbench.runtime.files import replacing
from vrbench.sims.beside import read_beside
from vrbench.sims.file import SimFile
from vrbench.sims.fusing import fuse_sims
from vrbench.sims.joining import Index, join_notes, places_of
from vrbench.sims.judged import arrays_of
from vrbench.sims.limiting import cut
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth
from vrbench.sims.writing import write_npz

INNER = ("bank_bank_t2v", "bank_bank_v2t")


@dataclass(frozen=True, eq=False)
class Aligned:
    """The matrices of several files, items and bank queries in the order of the first.

    Attributes:
        files: as they were read.
        sims: (n_text, n_video) of each.
        banks: of each; None where not all have one, or one has normalized similarities alone.
        inner: the bank against itself, of each; None likewise.
        notes: what a reader of the result should know.
    """

    files: Sequence[SimFile]
    sims: Sequence[Sim]
    banks: Sequence[Sim] | None
    inner: Sequence[Sim] | None
    notes: tuple[str, ...]

    def fused(self, sims: Sequence[Sim], how: str, weights: Sequence[float]) -> Sim:
        """Fuse each direction over its own queries: t2v over texts, v2t over videos."""
        return fuse_sims(sims, how, weights)


def align(files: Sequence[SimFile]) -> Aligned:
    """Put several files into the order of the first, by name.

    Of a file that was normalized the similarities before that are taken, where it has them.

    Raises:
        InputError: there are fewer than two, or items, pairs or bank queries differ.
    """
    if len(files) < 2:
        raise InputError("One file is nothing to fuse: give two or more.")
    first = files[0]
    places = [(places_of(first, file, "text"), places_of(first, file, "video")) for file in files]
    for file, place in zip(files, places, strict=True):
        _check_truth(first, file, place)
    sims = [_taken(file.raw or file.sim, *place) for file, place in zip(files, places, strict=True)]
    notes = join_notes(files, ("text", "video"))
    banks, inner, said = _banks(files, places)
    return Aligned(files, sims, banks, inner, (*notes, *said))


def write_fused(
    path: Path, aligned: Aligned, how: str, weights: Sequence[float], notes: Sequence[str] = ()
) -> Sim:
    """Write the fused similarities, with bank and names, as a similarity file.

    Args:
        path: of the new file.
        aligned: the matrices.
        how: what is done to the scores of a query, see ``vrbench.sims.fusing``.
        weights: of the files.
        notes: how the weights were chosen.

    Returns:
        The fused similarities.

    Raises:
        InputError: it cannot be written.
    """
    first = aligned.files[0]
    norms = ["none" if file.raw is not None else file.norm for file in aligned.files]
    norm = "none" if set(norms) == {"none"} else "+".join(norms)
    parts = zip(weights, (file.path.name for file in aligned.files), strict=True)
    made = f"Fused by {how}: {', '.join(f'{weight:g} x {name}' for weight, name in parts)}."
    given = [str(note) for file in aligned.files for note in file.beside.get("notes", ())]
    beside: dict[str, Any] = {
        key: first.beside[key] for key in ("captions",) if key in first.beside
    }
    beside |= {"text_ids": first.text_ids, "video_ids": first.video_ids}
    beside["notes"] = np.array(list(dict.fromkeys([made, *notes, *aligned.notes, *given])))
    bank = None if aligned.banks is None else aligned.fused(aligned.banks, how, weights)
    if bank is not None:
        keys = ("bank_text_ids", "bank_video_ids", "bank_text_video")
        beside |= {key: first.beside[key] for key in keys if key in first.beside}
    if aligned.inner is not None:
        inner = aligned.fused(aligned.inner, how, weights)
        beside |= {"bank_bank_t2v": inner.t2v, "bank_bank_v2t": inner.v2t}
    sim = aligned.fused(aligned.sims, how, weights)
    arrays: dict[str, Any] = {"t2v": sim.t2v, "v2t": sim.v2t, "norm": norm}
    if bank is not None:
        arrays |= {"bank_t2v": bank.t2v, "bank_v2t": bank.v2t}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        write_npz(stream, {**arrays, **arrays_of(first.truth), **beside})
    return sim


def _check_truth(first: SimFile, file: SimFile, place: tuple[Index, Index]) -> None:
    """Refuse files whose pairs, grades or candidates differ from the first one's."""
    if _said(first.truth) != _said(_permuted(file.truth, *place)):
        raise InputError(
            f"{file.path} and {first.path} differ in which video is right for a text, how right it "
            "is, or which are candidates: correct one of them."
        )


def _permuted(truth: Truth, texts: Index, videos: Index) -> Truth:
    text, video = np.argsort(texts)[truth.text], np.argsort(videos)[truth.video]
    candidates = None if truth.candidates is None else cut(truth.candidates, texts, videos)
    return replace(truth, text=text, video=video, candidates=candidates)


def _said(truth: Truth) -> tuple[Any, bytes | None]:
    gain = np.ones(len(truth.text)) if truth.gain is None else truth.gain
    pairs = sorted(zip(truth.text.tolist(), truth.video.tolist(), gain.tolist(), strict=True))
    return pairs, None if truth.candidates is None else truth.candidates.tobytes()


def _taken(sim: Sim, texts: Index, videos: Index) -> Sim:
    flat = sim.flat()
    t2v = cut(np.asarray(flat.t2v), texts, videos)
    return Sim(t2v, t2v if flat.v2t is flat.t2v else cut(np.asarray(flat.v2t), texts, videos))


def _banks(
    files: Sequence[SimFile], places: Sequence[tuple[Index, Index]]
) -> tuple[Sequence[Sim] | None, Sequence[Sim] | None, tuple[str, ...]]:
    """Return the banks, each against itself, and what a reader should know of them."""
    if all(file.bank is None for file in files):
        return None, None, ()
    known = [file.bank for file in files if file.bank is not None]
    for wrong, why in (
        (len(known) < len(files), "not all files have one"),
        (any(b.t2v is None or b.v2t is None for b in known), "one is of one direction only"),
        (any(file.raw is None for file in files), "a file is normalized, and its bank is not"),
    ):
        if wrong:
            return None, None, (f"The bank is left out: {why}.",)
    queries = [_bank_places(files[0], file) for file in files]
    notes = join_notes(files, ("bank_text", "bank_video"))
    banks = [
        Sim(
            cut(np.asarray(bank.flat().t2v), text, place[1]),
            cut(np.asarray(bank.flat().v2t), place[0], video),
        )
        for bank, place, (text, video) in zip(known, places, queries, strict=True)
    ]
    inner = [read_beside(file.opened, INNER) for file in files]
    if not all("bank_bank_t2v" in one for one in inner):
        return banks, None, notes
    both = [Sim(one[INNER[0]], one.get(INNER[1], one[INNER[0]])) for one in inner]
    return banks, [_taken(one, *q) for one, q in zip(both, queries, strict=True)], notes


def _bank_places(first: SimFile, file: SimFile) -> tuple[Index, Index]:
    """Return where the bank queries of the first file stand in another one, texts and videos."""
    texts, videos = places_of(first, file, "bank_text"), places_of(first, file, "bank_video")
    own, other = first.beside.get("bank_text_video"), file.beside.get("bank_text_video")
    if own is not None and other is not None and not np.array_equal(videos[own], other[texts]):
        raise InputError(
            f"{file.path} and {first.path} differ in which bank video a bank text belongs to "
            "(bank_text_video): name the bank's queries in both files (bank_text_ids, "
            "bank_video_ids), or correct one of them."
        )
    return texts, videos
