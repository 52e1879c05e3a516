"""Graded relevance and candidates in a similarity file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.sims.truth import Truth

JUDGED = ("relevance", "candidates")
"""(n_text, n_video) floats >= 0, positives where > 0; (n_text, n_video) booleans, which videos
compete for a text in t2v."""


def check_agreement(truth: Truth, relevance: Truth) -> None:
    """Refuse positives that are not where the relevance is above 0.

    Raises:
        InputError: they differ.
    """
    same = np.array_equal(truth.text, relevance.text) and np.array_equal(
        truth.video, relevance.video
    )
    if not same:
        raise InputError(
            f"positives has {len(truth.text)} pairs, but {len(relevance.text)} have a relevance "
            "above 0, or other ones: leave one of them out."
        )


def with_candidates(truth: Truth, arrays: Mapping[str, Any]) -> Truth:
    """Return the truth with the candidates of a file, where it has them.

    Raises:
        InputError: they are not of its shape, or no booleans.
    """
    given = arrays.get("candidates")
    return truth if given is None else replace(truth, candidates=_booleans(given, truth))


def _booleans(given: NDArray[Any], truth: Truth) -> NDArray[np.bool_]:
    shape = (truth.n_text, truth.n_video)
    fits = given.shape == shape and given.dtype.kind in "biu"
    if not fits or (given.dtype.kind != "b" and not np.isin(given, (0, 1)).all()):
        raise InputError(
            f"candidates is {given.dtype} {given.shape}, expected bool {shape}, or 0 and 1 as "
            "whole numbers."
        )
    found = given.astype(bool)
    if not found.any():
        raise InputError("candidates names no video for any text: leave it out.")
    return found


def arrays_of(truth: Truth) -> dict[str, NDArray[Any]]:
    """Return what a similarity file says of the pairs, and of the candidates."""
    found: dict[str, NDArray[Any]] = {}
    if truth.gain is not None:
        found["relevance"] = np.zeros((truth.n_text, truth.n_video))
        found["relevance"][truth.text, truth.video] = truth.gain
    elif truth.single:
        found["text_video"] = truth.video
    else:
        found["positives"] = np.zeros((truth.n_text, truth.n_video), dtype=bool)
        found["positives"][truth.text, truth.video] = True
    return found if truth.candidates is None else {**found, "candidates": truth.candidates}
