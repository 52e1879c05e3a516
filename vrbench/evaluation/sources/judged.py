"""What files beside the data say of a test set: graded relevance, and candidates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.sources.base import Source
from vrbench.metrics.trec_files import Pair, read_qrels, read_run
from vrbench.runtime.opened import OpenedFile
from vrbench.sims.truth import Truth


@dataclass(frozen=True)
class Judgements:
    """The files of ``--qrels`` and ``--from-run``, of text-to-video retrieval.

    Attributes:
        qrels: which videos are right for a text, with grades; v2t reads the same pairs.
        run: which videos compete for a text in t2v.
    """

    qrels: Path | None = None
    run: Path | None = None


def with_judgements(source: Source, given: Judgements, *, limited: bool) -> Source:
    """Return the source with these pairs and candidates in place of its own.

    Args:
        source: it stays as it is.
        given: the files.
        limited: whether the test set was cut; then lines of what is left out are no mistake.

    Raises:
        InputError: a file cannot be read, names what the data do not have, or no right video for a
            text.
    """
    if given.qrels is None and given.run is None:
        return source
    source, said = copy(source), dict(source.judged)
    if given.qrels is not None:
        said["qrels"] = OpenedFile(given.qrels).sha256 if given.qrels.is_file() else ""
        source.truth = _graded(source, given.qrels, limited=limited)
    if given.run is not None:
        said["candidates"] = OpenedFile(given.run).sha256 if given.run.is_file() else ""
        places = _Places(source, given.run, limited=limited)
        some = np.zeros((source.truth.n_text, source.truth.n_video), dtype=bool)
        some[places.of(read_run(given.run))] = True
        source.truth = replace(source.truth, candidates=some)
    source.judged = said
    return source


def candidate_notes(truth: Truth) -> Iterator[str]:
    """Yield how many candidates there are, where not all videos compete."""
    if truth.candidates is None:
        return
    several = truth.candidates.sum(axis=1)
    yield (
        f"Only candidates compete in t2v, {several.mean():.4g} of {truth.n_video} videos for a "
        f"text in the mean (from {several.min()} to {several.max()}); v2t ranks all texts."
    )


def _graded(source: Source, path: Path, *, limited: bool) -> Truth:
    pairs = {pair: grade for pair, grade in read_qrels(path).items() if grade > 0}
    places = _Places(source, path, limited=limited)
    known = places.known(pairs)
    text, video = places.of(known)
    gain = np.array([pairs[pair] for pair in known])
    without = np.flatnonzero(np.bincount(text, minlength=source.truth.n_text) == 0)
    if len(without):
        raise InputError(
            f"{path} names no right video for {len(without)} of {source.truth.n_text} texts, the "
            f"first is '{source.text_ids[without[0]]}': add them, or leave these texts out of the "
            "data."
        )
    order = np.lexsort((video, text))
    graded = bool((gain != gain[0]).any())
    return replace(
        source.truth,
        text=text[order],
        video=video[order],
        gain=gain[order] if graded else None,
    )


class _Places:
    """Rows and columns of named texts and videos."""

    def __init__(self, source: Source, path: Path, *, limited: bool) -> None:
        self._path, self._limited = path, limited
        self._text = {str(name): i for i, name in enumerate(source.text_ids.tolist())}
        self._video = {str(name): i for i, name in enumerate(source.video_ids.tolist())}

    def known(self, pairs: Iterable[Pair]) -> list[Pair]:
        """Return the pairs whose names are there; names that are not are refused, unless cut off.

        Raises:
            InputError: there are such.
        """
        given = list(pairs)
        for side, names, place in (("text", self._text, 0), ("video", self._video, 1)):
            lost = list(dict.fromkeys(pair[place] for pair in given if pair[place] not in names))
            if lost and not self._limited:
                raise InputError(
                    f"{self._path} names {len(lost)} {side}s that the data do not have, the first "
                    f"is '{lost[0][:100]}'.{did_you_mean(lost[0], list(names)[:1000])} Queries are "
                    "texts, items videos, by their ids."
                )
        return [pair for pair in given if pair[0] in self._text and pair[1] in self._video]

    def of(self, pairs: Iterable[Pair]) -> tuple[NDArray[Any], NDArray[Any]]:
        """(p,) rows and (p,) columns of the pairs."""
        known = self.known(pairs)
        rows = np.array([self._text[text] for text, _ in known], dtype=np.int64)
        return rows, np.array([self._video[video] for _, video in known], dtype=np.int64)
